// Package python runs Python programs that stay warm: they are started once, read a line of JSON for each request,
// and write a line for each answer.
//
// [Process] is any such program. The acquisition is handed over in a folder ([Acquisition.Write]), whose name is
// the first request. [Bench] is `python -m voxfit.bench serve`, which fits it by DIPY's engines and by voxfit
// through them; `kbench run` and `kbench compare` measure with it.
package python
