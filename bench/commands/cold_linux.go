package commands

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dropFile drops a file's pages from memory, and checks by mincore(2) that they are gone.
func dropFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	if err := f.Sync(); err != nil { // pages that are not yet on the disk would stay
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("%s: dropping it from memory: %w", path, err)
	}
	resident, pages, err := residentPages(f, info.Size())
	if err == nil && resident > 0 {
		err = fmt.Errorf("found %d of %d pages after they were dropped, expected none. The file system keeps them, another program has the file open, or the system does not tell this user, who may not write the file", resident, pages)
	}
	if err != nil {
		return fmt.Errorf("%s stays in memory: %w; a cold run cannot be timed", path, err)
	}
	return nil
}

// residentPages counts the pages of a file that are in memory.
func residentPages(f *os.File, size int64) (resident, pages int, err error) {
	mapped, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return 0, 0, err
	}
	defer unix.Munmap(mapped)
	page := int64(os.Getpagesize())
	in := make([]byte, (size+page-1)/page)
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&mapped[0])), uintptr(size), uintptr(unsafe.Pointer(&in[0])))
	if errno != 0 {
		return 0, 0, fmt.Errorf("mincore: %w", errno)
	}
	for _, b := range in {
		resident += int(b & 1)
	}
	return resident, len(in), nil
}
