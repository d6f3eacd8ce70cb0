// Package gunzip reads gzip files at the speed of the machine. (For now on one core: workers are not used yet.)
package gunzip
