// Package studytest is what the tests of the study's packages share: runs and speeds made by formulas of its own,
// and a few words about files.
package studytest
