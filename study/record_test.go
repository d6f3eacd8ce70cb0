package study

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// fullRecord has a value in every column.
func fullRecord() Record {
	return Record{
		Engine: "voxfit", VoxPerChunk: 6250, NumChunks: 16, Time: 1.2345678901234567, CPUCount: 8,
		MemorySize: 34359738368, NumVox: 100000, AvgMem: 9.948719470170293, MemUsage: []float64{9.5, 10.25},
		Model: "ConstrainedSphericalDeconvModel", DataShape: []int{145, 174, 145, 288},
		Run: 3, ISA: "avx512", Pinned: true, Nodes: 2, Compute: 9.5, Dispatch: 0.01, Steal: 0, StartWait: 0.1, TailWait: 0.2,
		PeakRSS: 1 << 30, SpilledBytes: 12, Version: "v0.1.0", Host: `Zürich "lab", 2`,
		FirstTouch: 0.05, Schedule: "numa", Pin: "core", Places: "0,2,4-9", Cores: 8, ChunksRun: 17, ChunksStolen: 1,
		ChunkMedian: 0.5, ChunkP99: 0.75, LocalBytes: 1 << 40, FarBytes: 5, VoluntarySwitches: 6, InvoluntarySwitches: 7,
		Migrations: 8, Instructions: 1 << 50, Cycles: 1 << 49, CacheMisses: 1 << 30, CPUTime: 8.5, Taken: 1.25, HostSteal: 0.5, Late: 0.125, Tries: 2,
	}
}

func TestTheStudysColumnsComeFirstUnderTheirPublishedNames(t *testing.T) {
	const published = "engine,vox_per_chunk,num_chunks,time,cpu_count,memory_size,num_vox,avg_mem,mem_useage,model,data_shape"
	const ours = "run,isa,pinned,nodes,compute_s,dispatch_s,steal_s,start_wait_s,tail_wait_s,peak_rss,spilled_bytes,version,host," +
		"first_touch_s,schedule,pin,places,cores,chunks_run,chunks_stolen,chunk_median_s,chunk_p99_s,local_bytes,far_bytes," +
		"voluntary_switches,involuntary_switches,migrations,instructions,cycles,llc_misses,cpu_s,taken_s,host_steal_s,disturbed,tries,late_s"
	if got := strings.Join(columnNames(), ","); got != published+","+ours {
		t.Errorf("columns are %s", got)
	}
}

func TestARecordIsReadBackAsItWasWritten(t *testing.T) {
	full := fullRecord()
	for name, r := range map[string]Record{
		"every column": full,
		"only what is needed": {Engine: "serial", NumChunks: 1, VoxPerChunk: 10, Time: 3, CPUCount: 1, NumVox: 10,
			Model: "TensorModel"},
	} {
		path := filepath.Join(t.TempDir(), "runs.csv")
		l := openLog(t, path)
		appendAll(t, l, r)
		closeLog(t, l)
		got, err := ReadRecords(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || !reflect.DeepEqual(got[0], r) {
			t.Errorf("%s: wrote %+v, read %+v", name, r, got)
		}
	}
}

func TestAnyRecordThatCanBeWrittenIsReadBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		positive := rapid.Float64Range(1e-9, 1e9)
		r := Record{
			Engine: rapid.StringMatching(`[a-z ",\n;é-]*[a-z]`).Draw(t, "engine"),
			Model:  rapid.StringMatching(`[A-Za-z<>&'"]+`).Draw(t, "model"),
			Host:   rapid.String().Draw(t, "host"), Version: rapid.String().Draw(t, "version"),
			NumChunks: rapid.IntRange(1, 1<<20).Draw(t, "chunks"), NumVox: rapid.IntRange(1, 1<<30).Draw(t, "voxels"),
			CPUCount: rapid.IntRange(1, 4096).Draw(t, "cpus"), Time: rapid.Float64Range(1e-9, 1e8).Draw(t, "time"),
			MemUsage:  rapid.SliceOfN(positive, 0, 3).Draw(t, "memory"),
			DataShape: rapid.SliceOfN(rapid.IntRange(1, 500), 0, 4).Draw(t, "shape"),
			Pinned:    rapid.Bool().Draw(t, "pinned"), SpilledBytes: rapid.Int64Range(0, 1<<60).Draw(t, "spilled"),
		}
		r.VoxPerChunk = r.NumVox / r.NumChunks
		row, err := encodeRow(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(row), "\n") != 1 {
			t.Fatalf("a row of several lines: %q", row)
		}
		got, err := parseRecords("runs.csv", append([]byte(headerLine()+"\n"), row...))
		if err != nil {
			t.Fatal(err)
		}
		want := r
		want.Engine, want.Host, want.Version = cleanText(r.Engine), cleanText(r.Host), cleanText(r.Version)
		if len(want.MemUsage) == 0 {
			want.MemUsage = nil
		}
		if len(want.DataShape) == 0 {
			want.DataShape = nil
		}
		if len(got) != 1 || !reflect.DeepEqual(got[0], want) || got[0].Key() != r.Key() {
			t.Fatalf("wrote %+v, read %+v", want, got)
		}
	})
}

func TestNamesFromForeignLocalesStayInOneCell(t *testing.T) {
	for in, want := range map[string]string{
		"two\nlines\r\n": "two lines", "tab\tand\x00nul": "tab and nul", "broken\xffutf8": "broken utf8",
		" größe, \"x\" ": `größe, "x"`, "forbidden\uFFFE": "forbidden", "東京": "東京",
		" ends ": "ends", "a plain name": "a plain name", "deleted\x7f": "deleted", "": "",
	} {
		if got := cleanText(in); got != want {
			t.Errorf("cleanText(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestBrokenRowsAreNamedByFileLineAndCell(t *testing.T) {
	const header = "engine,model,cpu_count,num_chunks,num_vox,time,pinned,data_shape,avg_mem\n"
	const good = "ray,M,8,1,10,2.5,,,\n"
	for _, c := range []struct{ name, text, want string }{
		{"a word for seconds", header + good + "ray,M,8,1,10,soon,,,\n", `line 3: time is "soon", want seconds above 0`},
		{"no time", header + "ray,M,8,1,10,0,,,\n", "line 2: time is \"0\""},
		{"endless", header + "ray,M,8,1,10,Inf,,,\n", "line 2: time is \"Inf\""},
		{"half a CPU", header + "ray,M,7.5,1,10,1,,,\n", `line 2: cpu_count is "7.5", want a whole number from 1`},
		{"no chunk", header + "ray,M,8,0,10,1,,,\n", `line 2: num_chunks is "0", want a whole number from 1`},
		{"no engine", header + ",M,8,1,10,1,,,\n", `line 2: engine is "", want a name`},
		{"perhaps pinned", header + "ray,M,8,1,10,1,perhaps,,\n", `line 2: pinned is "perhaps", want true or false`},
		{"a bad shape", header + "ray,M,8,1,10,1,,\"(3, x)\",\n", "line 2: data_shape is"},
		{"negative memory", header + "ray,M,8,1,10,1,,,-3\n", "line 2: avg_mem is \"-3\", want a number (GiB)"},
		{"too few cells", header + "ray,M,8\n", "line 2: 3 cells, want 9 as in the header"},
		{"an open quote", header + good + "\"ray,M,8,1,10,1,,,\n", "line "},
		{"another file", "name,age\nx,3\n", "line 1: not a file of timed runs: no column engine, num_chunks, time, cpu_count, num_vox, model"},
		{"the age of the universe", header + "ray,M,8,1,10,4e17,,,\n", `line 2: time is "4e17", want seconds above 0, at most 1e8`},
		{"a copy of a row", header + good + "ray,M,8,2,10,1,,,\n" + good, "line 4: the same cells as in line 2"},
		{"columns mixed up", "engine,model,cpu_count,vox_per_chunk,num_chunks,num_vox,time\nray,M,8,4,250,1000,1\nray,M,8,4,125,1000,1\n",
			"line 3: vox_per_chunk is 4, want 8: num_vox / num_chunks, 1000 / 125"},
		{"more cores than CPUs", "engine,model,cpu_count,cores,num_chunks,num_vox,time\nvoxfit,M,8,16,1,10,1\n", "line 2: cores is 16, want at most 8"},
		{"more work than time", "engine,model,cpu_count,num_chunks,num_vox,time,compute_s,tail_wait_s\nvoxfit,M,2,1,10,1,1.9,0.1\nvoxfit,M,2,1,10,1,3,0.1\n",
			"line 3: compute_s and the other parts add up to 3.100 s, want at most 2.000: time x cpu_count"},
		{"more late than waited", "engine,model,cpu_count,num_chunks,num_vox,time,compute_s,start_wait_s,tail_wait_s,cpu_s,late_s\nvoxfit,M,2,1,10,1,1.5,0.1,0.1,1.5,0.2\nvoxfit,M,2,1,10,1,1.5,0.1,0.1,1.5,0.4\n",
			"line 3: late_s is 0.4000, want at most 0.2000: start_wait_s, first_touch_s and tail_wait_s"},
		{"semicolons", "engine;model;cpu_count;num_chunks;num_vox;time\nray;M;8;1;10;1\n", "line 1: found cells between semicolons or tabs"},
		{"tabs", "engine\tmodel\tcpu_count\tnum_chunks\tnum_vox\ttime\nray\tM\t8\t1\t10\t1\n", "expected commas: save it with commas"},
		{"a column twice", "engine,engine,model,cpu_count,num_chunks,num_vox,time\n", "line 1: the column engine is there twice"},
		{"nothing", " \n", "the file is empty"},
	} {
		path := filepath.Join(t.TempDir(), "broken.csv")
		writeText(t, path, c.text)
		_, err := ReadRecords(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: error is %v, want %q", c.name, err, c.want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error has several lines: %v", c.name, err)
		}
	}
}

func TestOtherColumnOrdersAndForeignColumnsAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.csv")
	writeText(t, path, byteOrderMark+"subject,time,model,engine,num_vox,num_chunks,cpu_count,avg_mem,pinned\r\n"+
		"100307,2.5,M,ray,100,8.0,4,nan,True\r\n")
	got, err := ReadRecords(path)
	want := Record{Time: 2.5, Model: "M", Engine: "ray", NumVox: 100, NumChunks: 8, CPUCount: 4, VoxPerChunk: 12, Pinned: true}
	if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("read %+v, %v", got, err)
	}
}

func TestMoreChunksThanVoxelsAreOneVoxelEach(t *testing.T) {
	r := Record{Engine: "voxfit", Model: "M", NumVox: 10, NumChunks: 16, VoxPerChunk: 1, CPUCount: 1, Time: 1}
	if row, err := encodeRow(r); err != nil {
		t.Errorf("%s: %v", row, err)
	}
}

func TestARowThatWasNotEndedIsNoRow(t *testing.T) {
	row, err := encodeRow(fullRecord())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "runs.csv")
	writeText(t, path, headerLine()+"\n"+string(row)+string(row[:len(row)-1]))
	got, err := ReadRecords(path)
	if err != nil || len(got) != 1 {
		t.Errorf("%d records, %v; want the one whole row", len(got), err)
	}
}

func TestAFileSaysHowItEnds(t *testing.T) {
	row, err := encodeRow(fullRecord())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "runs.csv")
	ours := headerLine() + "\n" + string(row)
	theirs := "engine,model,time,cpu_count,num_chunks,num_vox\ne,m,1,1,2,4\n"
	for text, want := range map[string]Runs{
		ours: {}, ours + "e,4": {Unfinished: true}, theirs: {}, strings.TrimSuffix(theirs, "\n"): {NoLineEnd: true},
	} {
		writeText(t, path, text)
		got, err := ReadRuns(path)
		if err != nil || len(got.Records) != 1 || got.Unfinished != want.Unfinished || got.NoLineEnd != want.NoLineEnd {
			t.Errorf("%q: %d runs, unfinished %v, no line end %v, error %v", text, len(got.Records), got.Unfinished, got.NoLineEnd, err)
		}
	}
}

func FuzzReadRecords(f *testing.F) {
	row, err := encodeRow(fullRecord())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(headerLine() + "\n" + string(row))
	f.Add(string(readAll(f, "testdata/published_form.csv")))
	f.Add("engine,model,cpu_count,num_chunks,num_vox,time\n\"a\nb\",M,1,1,1,1e300\n")
	f.Fuzz(func(t *testing.T, text string) {
		records, err := parseRecords("fuzz.csv", []byte(text))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		for _, r := range records {
			if !(r.Time > 0) || math.IsInf(r.Time, 0) || r.NumVox < 1 || r.CPUCount < 1 || r.NumChunks < 1 {
				t.Errorf("accepted %+v", r)
			}
			if _, err := encodeRow(r); err != nil {
				t.Errorf("what was read cannot be written: %v", err)
			}
		}
	})
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
