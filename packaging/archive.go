package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// An entry is one entry of an archive: a file with its content, or a link to another name.
type entry struct {
	name       string
	from       string // path of the file with the content
	page       string // path in the repository, of a page: its links to other files there are written out
	link       string // the name that it links to, where it has no content
	executable bool
}

func (e entry) content() ([]byte, error) {
	content, err := os.ReadFile(e.from)
	if err == nil && e.page != "" {
		content = wholeLinks(content, e.page)
	}
	return content, err
}

func (e entry) mode() int64 {
	if e.executable {
		return 0o755
	}
	return 0o644
}

// pack writes an archive for a platform at path, with ".zip" for Windows and ".tar.gz" for all others appended. Its
// bytes depend on names, contents and the time alone.
func pack(path string, p platform, entries []entry, made time.Time) (err error) {
	write := writeTarGz
	path += ".tar.gz"
	if p.OS == "windows" {
		write, path = writeZip, path[:len(path)-len(".tar.gz")]+".zip"
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err = write(file, entries, made); err == nil {
		err = file.Close()
	} else {
		file.Close()
	}
	if err != nil {
		os.Remove(path) // half an archive must not stay
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Println(filepath.Base(path))
	return nil
}

func writeTarGz(out io.Writer, entries []entry, made time.Time) error {
	compressed, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := writeTar(compressed, entries, made); err != nil {
		return err
	}
	return compressed.Close()
}

func writeTar(out io.Writer, entries []entry, made time.Time) error {
	archive := tar.NewWriter(out)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: e.mode(), ModTime: made, Typeflag: tar.TypeReg}
		var content []byte
		if e.link != "" {
			header.Typeflag, header.Linkname = tar.TypeSymlink, e.link
		} else {
			var err error
			if content, err = e.content(); err != nil {
				return err
			}
			header.Size = int64(len(content))
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	return archive.Close()
}

func writeZip(out io.Writer, entries []entry, made time.Time) error {
	archive := zip.NewWriter(out)
	for _, e := range entries {
		content, err := e.content()
		if err != nil {
			return err
		}
		file, err := archive.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: made})
		if err != nil {
			return err
		}
		if _, err := file.Write(content); err != nil {
			return err
		}
	}
	return archive.Close()
}
