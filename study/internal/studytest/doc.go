// Package studytest has what the tests of the study's packages share: runs and speeds that are computed from formulas,
// independent of the code under test, and functions for files.
package studytest
