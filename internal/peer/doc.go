// Package peer lets tests run DIPY and MRtrix3, live and on the same arrays as voxfit. It also finds the measured data
// for such tests. Nothing outside of tests imports it.
//
// DIPY runs in one Python process for each test binary, which the first call starts and which reads calls from its
// standard input. A call names a function of parity.py, and passes named arrays of float64 and a few options. It
// returns named arrays. A function of parity.py calls DIPY's public classes. Some tests need what DIPY computes but
// does not return (the iteration count of CSD, the final sum of squares of the free-water fit). For these, parity.py
// calls the functions that DIPY's classes call.
//
//	fa := peer.DIPY(t, "tensor", peer.Arrays{"signal": signal, "bvals": bvals, "bvecs": bvecs}, nil)["fa"]
//
// Python is $VOXFIT_PYTHON, else .venv/bin/python in the repository, which `make test` fills from requirements.txt.
// MRtrix3's commands must be on the PATH. Data are in $VOXFIT_SHARED, else in ../shared beside the repository.
//
// A test whose peer is missing is skipped with the reason. VOXFIT_REQUIRE=dipy,mrtrix,data turns these skips into
// failures, for machines that must have the peers.
package peer
