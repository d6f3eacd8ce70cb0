// Package peer lets tests run the programs that voxfit is judged by, DIPY and MRtrix3, live on the
// same arrays, and find the real data that both are run on. Nothing outside of tests imports it.
//
// DIPY runs in one Python process per test binary, started at the first call and fed over its
// standard input: a call names a function of parity.py and hands over named arrays of float64 and a
// few options; named arrays come back. A function of parity.py calls DIPY's public classes and, where
// a test needs what DIPY computes but does not return (the iteration count of CSD, the final sum of
// squares of the free-water fit), the very functions that those classes call.
//
//	fa := peer.DIPY(t, "tensor", peer.Arrays{"signal": signal, "bvals": bvals, "bvecs": bvecs}, nil)["fa"]
//
// Python is $VOXFIT_PYTHON, else .venv/bin/python in the repository, which `make test` fills from
// requirements.txt. MRtrix3's commands are looked up on the PATH. Data are in $VOXFIT_SHARED, else
// in ../shared beside the repository.
//
// A test whose peer is missing is skipped and says what was missing. VOXFIT_REQUIRE=dipy,mrtrix,data
// turns these skips into failures, so that a machine meant to have them cannot pass without.
package peer
