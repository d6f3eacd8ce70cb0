package main

import (
	"bytes"
	"crypto/sha256"
	"debug/pe"
	"encoding/binary"
	"errors"
	"os"
)

// forgetLinkTime removes the time of linking from a library for Windows, so that the same sources give the same
// bytes. zig's linker writes the time into the header and into the entries for debuggers. One entry also has a
// number that differs from link to link. This number becomes a hash of the rest. Microsoft's "PE Format" describes
// the fields.
func forgetLinkTime(library string) error {
	image, err := os.ReadFile(library)
	if err != nil {
		return err
	}
	file, err := pe.NewFile(bytes.NewReader(image))
	if err != nil {
		return err
	}
	header, ok := file.OptionalHeader.(*pe.OptionalHeader64)
	if !ok {
		return errors.New(library + " is not a library for 64-bit Windows")
	}
	const timeStamp = 8 // after the beginning of the header, behind its signature of four bytes
	clear(image[binary.LittleEndian.Uint32(image[0x3c:])+timeStamp:][:4])
	var drawn [][]byte
	for entry := range entriesForDebuggers(image, file, header.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_DEBUG]) {
		clear(entry[4:8]) // its time stamp
		at := binary.LittleEndian.Uint32(entry[24:])
		if bytes.HasPrefix(image[at:], []byte("RSDS")) { // followed by a number of 16 bytes
			number := image[at+4:][:16]
			clear(number)
			drawn = append(drawn, number)
		}
	}
	hash := sha256.Sum256(image)
	for _, number := range drawn {
		copy(number, hash[:])
	}
	return os.WriteFile(library, image, 0o755)
}

// entriesForDebuggers yields the entries of the debug directory, 28 bytes each.
func entriesForDebuggers(image []byte, file *pe.File, directory pe.DataDirectory) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for _, s := range file.Sections {
			into := directory.VirtualAddress - s.VirtualAddress // large where the section begins behind it
			if directory.Size == 0 || into >= s.Size {
				continue
			}
			entries := image[s.Offset+into:][:directory.Size]
			for len(entries) >= 28 && yield(entries[:28]) {
				entries = entries[28:]
			}
			return
		}
	}
}
