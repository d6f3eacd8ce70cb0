//go:build !unix

package commands

import "os"

func peakOf(*os.ProcessState) int64 { return 0 }

func ownPeak() int64 { return 0 }
