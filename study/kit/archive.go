package kit

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/metg"
)

// The names of the files in a study's folder, and in its archive. The package's documentation says what each holds.
const (
	PlanFile        = "plan.json"
	FactsFile       = "machine.json"
	EnvironmentFile = "env.json"
	BandwidthFile   = "bandwidth.json"
	METGFile        = "metg.json"
	PredictionsFile = "predictions.json"
	HashFile        = "predictions.sha256"
)

// singleFiles are the files of which a study has one.
var singleFiles = []string{PlanFile, FactsFile, EnvironmentFile, BandwidthFile, METGFile, PredictionsFile, HashFile}

// Pack writes the files of a study's folder into a .tar.gz file at the path to. The same files give the same bytes.
// Times that were measured after other predictions than those in the folder stay out of it.
func Pack(folder, to string) error {
	var names []string
	for _, name := range singleFiles {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return err
		}
		names = append(names, name)
	}
	predictions, err := os.ReadFile(filepath.Join(folder, PredictionsFile))
	if err != nil {
		return err
	}
	rows, err := filepath.Glob(filepath.Join(folder, SweepFolder(predictions), "*.csv"))
	if err != nil {
		return err
	}
	for _, row := range rows {
		name, err := filepath.Rel(folder, row)
		if err != nil {
			return err
		}
		names = append(names, filepath.ToSlash(name))
	}
	slices.Sort(names)
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	out := tar.NewWriter(zip)
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		if err := out.WriteHeader(&tar.Header{Name: "study/" + name, Mode: 0o644, Size: int64(len(text)), Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
	}
	if err := cmp.Or(out.Close(), zip.Close()); err != nil {
		return err
	}
	return disk.Replace(to, packed.Bytes())
}

// IsArchive says whether a file is an archive, from its name alone.
func IsArchive(path string) bool { return strings.HasSuffix(path, ".tar.gz") }

// Read reads an archive. It is an error if the archive is damaged, has another file or lacks one, or has a later Format,
// and if the predictions do not have the hash that was written before the measurements.
func Read(path string) (Study, error) {
	files, err := unpack(path)
	if err == nil {
		var s Study
		if s, err = parse(files); err == nil {
			return s, nil
		}
	}
	return Study{}, fmt.Errorf("%s: %w", path, err)
}

// mostBytes bounds what an archive may hold, so that a damaged one does not fill the memory.
const mostBytes = 256 << 20

// mostPadding bounds the zeros behind an archive: tar pads to records of 10,240 bytes.
const mostPadding = 10240

func unpack(path string) (map[string][]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be opened: %w", errors.Unwrap(err))
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("found no gzip data (%w), expected an archive that kbench study wrote", err)
	}
	files, left := map[string][]byte{}, int64(mostBytes)
	for in := tar.NewReader(zip); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			if rest, err := io.Copy(io.Discard, io.LimitReader(zip, mostBytes)); err != nil { // the checksum is read at the end
				return nil, fmt.Errorf("the archive is damaged (%w): copy it anew", err)
			} else if rest > mostPadding {
				return nil, fmt.Errorf("the archive has %d bytes after its end, expected one that kbench study wrote", rest)
			}
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the archive is damaged (%w): copy it anew", err)
		}
		if left -= header.Size; left < 0 {
			return nil, fmt.Errorf("the archive holds more than %d bytes, expected one that kbench study wrote", mostBytes)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			return nil, fmt.Errorf("the archive is damaged (%w): copy it anew", err)
		}
		name, ours := strings.CutPrefix(header.Name, "study/")
		if _, twice := files[name]; !ours || twice || !isOurs(name) {
			return nil, fmt.Errorf("found %q in it, expected the files of one study alone, each once", header.Name)
		}
		files[name] = text
	}
}

// isOurs says whether a study's archive has a file of this name.
func isOurs(name string) bool {
	folder, file := path.Split(name)
	if folder == "" {
		return slices.Contains(singleFiles, name)
	}
	return strings.HasPrefix(folder, "sweep-") && path.Ext(file) == ".csv" && strings.Count(name, "/") == 1
}

func parse(files map[string][]byte) (Study, error) {
	s := Study{Records: map[string][]study.Record{}}
	for _, name := range singleFiles {
		if _, there := files[name]; !there {
			return s, fmt.Errorf("%s is not in it: expected an archive that kbench study wrote", name)
		}
	}
	for name, to := range map[string]any{PlanFile: &s.Plan, FactsFile: &s.Facts, BandwidthFile: &s.Bandwidth, PredictionsFile: &s.Predictions} {
		if err := json.Unmarshal(files[name], to); err != nil {
			return s, fmt.Errorf("%s in it: %w: expected an archive that kbench study wrote", name, err)
		}
	}
	var err error
	if s.METG, err = metg.Parse(files[METGFile]); err != nil {
		return s, fmt.Errorf("%s in it: %w", METGFile, err)
	}
	s.Hash = Hash(files[PredictionsFile])
	if registered, _, _ := strings.Cut(string(files[HashFile]), " "); registered != s.Hash {
		return s, fmt.Errorf("its predictions have the hash %.12s, and %.12s was registered before the sweep: they were changed", s.Hash, registered)
	}
	if err := s.checkFormat(); err != nil {
		return s, err
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("%w: expected an archive that kbench study wrote", err)
	}
	for name, text := range files {
		if path.Ext(name) != ".csv" {
			continue
		}
		if folder := path.Dir(name); folder != SweepFolder(files[PredictionsFile]) {
			return s, fmt.Errorf("%s in it was measured after other predictions, expected all rows in %s", name, SweepFolder(files[PredictionsFile]))
		}
		sweep := strings.TrimSuffix(path.Base(name), ".csv")
		if !slices.ContainsFunc(s.Plan.Sweeps, func(p Sweep) bool { return p.Name == sweep }) {
			return s, fmt.Errorf("%s in it has the fits of a sweep that is not in %s", name, PlanFile)
		}
		if s.Records[sweep], err = study.ParseRecords(name+" in it", text); err != nil {
			return s, err
		}
	}
	return s, nil
}
