package nifti

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/voxfit/voxfit/internal/peer"
)

// runPython runs a script with a folder as its argument.
func runPython(t *testing.T, script, dir string) {
	t.Helper()
	cmd := exec.Command(peer.Python(t), "-", dir)
	cmd.Stdin = bytes.NewBufferString(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("python: %v\n%s", err, out)
	}
}

// written is what nibabel reports about a file.
type written struct {
	File      string
	Shape     []int
	Affine    [4][4]float64
	Zooms     []float64
	Qcode     int
	Scode     int
	Dtype     string
	BigEndian bool
	Version   int
	Space     string
	Time      string
	Descrip   string
}

const describe = `
import json, sys, os
import numpy as np, nibabel as nib
out = sys.argv[1]
def describe(name):
    img = nib.load(os.path.join(out, name))
    h = img.header
    space, time = h.get_xyzt_units()
    names = {'mm': 'mm', 'sec': 's', 'unknown': '', 'msec': 'ms', 'micron': 'um'}
    return img, dict(File=name, Shape=[int(n) for n in img.shape], Affine=img.affine.tolist(),
        Zooms=[float(z) for z in h.get_zooms()], Qcode=int(h['qform_code']), Scode=int(h['sform_code']),
        Dtype=h.get_data_dtype().name, BigEndian=h.endianness == '>',
        Version=2 if isinstance(h, nib.Nifti2Header) else 1, Space=names[space], Time=names[time],
        Descrip=bytes(h['descrip']).rstrip(b'\0').decode('latin1'))
def dump(img, name):
    with np.errstate(all='ignore'):
        wide = img.get_fdata()
        single = wide.astype('<f4')
        single[np.isinf(single) & np.isfinite(wide)] = np.nan  # what package magnitude marks
        single.ravel(order='F').tofile(os.path.join(out, name + '.raw'))
`

const makeFiles = describe + `
rng = np.random.default_rng(3)
A = np.array([[-1.9, 0.3, 0.2, 90.5], [0.31, 1.95, -0.4, -126], [0.1, 0.4, 2.4, -72.3], [0, 0, 0, 1]])
made = []
def save(name, cls, data, dtype, endian='<', affine=A, scale=None, raw=None, q=None, s=None):
    header = cls.header_class(endianness=endian)
    header.set_data_dtype(dtype)
    header.set_xyzt_units('mm', 'sec')
    header['descrip'] = b'made by nibabel'
    img = cls(data, affine, header=header)
    if scale: img.header.set_slope_inter(*scale)
    if q is not None: img.set_qform(*q)
    if s is not None: img.set_sform(*s)
    img.to_filename(os.path.join(out, name))
    if raw is not None:  # header values that nibabel itself would not write
        with open(os.path.join(out, name), 'r+b') as f:
            for at, number in raw:
                f.seek(at); f.write(np.array(number, dtype=endian + 'f4').tobytes())
    img, d = describe(name)
    dump(img, name)
    made.append(d)
def values(dtype, shape):
    t = np.dtype(dtype)
    if t.kind == 'f':
        x = rng.normal(0, 1e3, shape).astype(t)
        x.flat[:6] = [0, np.inf, -np.inf, np.nan, 1e-42, -np.finfo(t).max]
        return x
    i = np.iinfo(t)
    x = rng.integers(i.min, i.max, shape, dtype=t, endpoint=True)
    x.flat[:2] = [i.min, i.max]
    return x
n = 0
for cls in (nib.Nifti1Image, nib.Nifti2Image):
    for endian in '<>':
        for dtype in 'u1 i1 u2 i2 u4 i4 u8 i8 f4 f8'.split():
            for ext in ('.nii', '.nii.gz'):
                shape = [(7, 5, 3, 19), (4, 6, 5), (3, 4, 5, 1), (5, 4, 3, 2, 2), (1, 1, 1, 40)][n % 5]
                n += 1
                save(f'plain{n}{ext}', cls, values(dtype, shape), dtype, endian)
        for dtype in ('u1', 'i2', 'u2', 'i4', 'f4', 'f8'):
            x = rng.uniform(20, 40, (5, 4, 3, 18))
            save(f'scaled{n}{dtype}.nii', cls, x, dtype, endian, scale=(0.37, -1.25))
            n += 1
i2 = values('i2', (3, 4, 5, 3))
save('slope0.nii', nib.Nifti1Image, i2, 'i2', raw=[(112, 0), (116, 7)])
save('slopenan.nii', nib.Nifti1Image, i2, 'i2', raw=[(112, np.nan), (116, 7)])
save('slopenan_be.nii', nib.Nifti1Image, i2, 'i2', '>', raw=[(112, np.nan), (116, np.nan)])
save('slopeinf.nii', nib.Nifti1Image, i2, 'i2', raw=[(112, np.inf), (116, 7)])
save('inter.nii', nib.Nifti1Image, i2, 'i2', raw=[(112, 1), (116, 7)])
save('negslope.nii', nib.Nifti1Image, i2, 'i2', raw=[(112, -2.5), (116, 7)])
B = A.copy(); B[:3, 0] *= -1; B[2, 3] = 11
for cls in (nib.Nifti1Image, nib.Nifti2Image):
    v = '2' if cls is nib.Nifti2Image else '1'
    save(f'both{v}.nii', cls, i2, 'i2', q=(B, 1), s=(A, 3))
    save(f'qonly{v}.nii', cls, i2, 'i2', q=(B, 1), s=(None, 0))
    save(f'qflip{v}.nii', cls, i2, 'i2', q=(np.diag([-2, -3, 4, 1]), 2), s=(None, 0))
    save(f'sonly{v}.nii', cls, i2, 'i2', q=(None, 0), s=(A, 4))
    save(f'none{v}.nii', cls, i2, 'i2', affine=None)
json.dump(made, open(os.path.join(out, 'made.json'), 'w'))
`

func readRaw(t *testing.T, path string) []float32 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// For all types, byte orders, versions, compressions, scalings and forms, the values equal get_fdata() rounded to
// float32.
func TestFilesOfNibabelAreReadAsNibabelReadsThem(t *testing.T) {
	dir := t.TempDir()
	runPython(t, makeFiles, dir)
	var made []written
	readJSON(t, filepath.Join(dir, "made.json"), &made)
	if len(made) < 100 {
		t.Fatalf("python made %d files, expected more than 100", len(made))
	}
	for _, w := range made {
		t.Run(w.File, func(t *testing.T) {
			m, err := Open(filepath.Join(dir, w.File))
			if err != nil {
				t.Fatal(err)
			}
			wantHeader(t, m.Header, w)
			values, err := readAll(m)
			if err != nil {
				t.Fatal(err)
			}
			expected := readRaw(t, filepath.Join(dir, w.File+".raw"))
			wantVolumeMajor(t, values, expected, m.Header.Volumes())
		})
	}
}

func wantHeader(t *testing.T, h *Header, w written) {
	t.Helper()
	if !reflect.DeepEqual(h.Shape, w.Shape) {
		t.Errorf("shape %v, expected %v", h.Shape, w.Shape)
	}
	if !near(h.Zooms, w.Zooms, 0) {
		t.Errorf("zooms %v, expected %v", h.Zooms, w.Zooms)
	}
	if h.QFormCode != w.Qcode || h.SFormCode != w.Scode {
		t.Errorf("qform and sform codes %d and %d, expected %d and %d", h.QFormCode, h.SFormCode, w.Qcode, w.Scode)
	}
	a := h.Affine()
	for i := range 4 {
		// The products of the qform are rounded in another order than nibabel's.
		if !near(a[i][:], w.Affine[i][:], 1e-6) {
			t.Errorf("affine %v, expected %v", a, w.Affine)
			break
		}
	}
	if h.Datatype.String() != w.Dtype || h.Version != w.Version || (h.ByteOrder == binary.ByteOrder(binary.BigEndian)) != w.BigEndian {
		t.Errorf("%v, version %d, %v; expected %+v", h.Datatype, h.Version, h.ByteOrder, w)
	}
	if h.SpaceUnit != w.Space || h.TimeUnit != w.Time || h.Description != w.Descrip {
		t.Errorf("units %q %q, description %q; expected %+v", h.SpaceUnit, h.TimeUnit, h.Description, w)
	}
}

func near(a, b []float64, tolerance float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !(math.Abs(a[i]-b[i]) <= tolerance) {
			return false
		}
	}
	return true
}

// wantVolumeMajor compares a voxel-major block with volumes one after the other, NaN equal to NaN.
func wantVolumeMajor(t *testing.T, rows, volumes []float32, count int) {
	t.Helper()
	if len(rows) != len(volumes) {
		t.Fatalf("%d values, expected %d", len(rows), len(volumes))
	}
	voxels := len(rows) / count
	for i, x := range volumes {
		if y := rows[i%voxels*count+i/voxels]; y != x && !(y != y && x != x) {
			t.Fatalf("voxel %d of volume %d is %g, expected %g", i%voxels, i/voxels, y, x)
		}
	}
}

const checkFiles = describe + `
made = []
for name in sorted(os.listdir(out)):
    if name.endswith(('.nii', '.nii.gz')):
        img, d = describe(name)
        h = img.header
        data = img.dataobj  # the header of a loaded image has its scaling and offset reset
        assert (data.slope, data.inter) == (1, 0), (name, data.slope, data.inter)
        assert data.offset == h.single_vox_offset and not h.extensions, (name, data.offset)
        d['Qform'] = img.get_qform().tolist()
        d['Sform'] = img.get_sform().tolist()
        dump(img, name)
        made.append(d)
json.dump(made, open(os.path.join(out, 'made.json'), 'w'))
`

// nibabel must read the data, the affine, both forms with their codes, the zooms and the units.
func TestFilesWrittenHereLoadInNibabel(t *testing.T) {
	dir := t.TempDir()
	like := smallHeader(1)
	like.QFormCode, like.SFormCode, like.TimeUnit, like.Slope = 1, 4, "s", 3
	like2 := smallHeader(2)
	like2.QFormCode = 3
	signalHeader := smallHeader(1)
	signalHeader.TimeUnit = "s"
	sheared := obliqueAffine
	sheared[0][1] += 0.5
	headers := map[string]*Header{
		"map3d.nii": like, "map3d.nii.gz": like, "map4d.nii": like, "map4d.nii.gz": like2,
		"wide.nii.gz": like, "signal.nii.gz": signalHeader, "signal.nii": NewHeader([]int{4, 3, 2}, nil, sheared),
		"nowhere.nii": NewHeader([]int{4, 3, 2, 20}, []float64{2, 2, 2, 1}, [4][4]float64{}),
	}
	expected := map[string][]float32{}
	for name, h := range headers {
		var err error
		switch path := filepath.Join(dir, name); name {
		case "signal.nii", "signal.nii.gz", "nowhere.nii":
			signal := ramp(h.Voxels() * h.Volumes())
			expected[name] = fullRows(FullMask(h).Index, h.Volumes(), h.Voxels(), signal, 0)
			err = WriteSignal(path, h, signal, WriteOptions{Description: "signal"})
		default:
			components := map[string]int{"map3d.nii": 1, "map3d.nii.gz": 1, "map4d.nii": 6, "map4d.nii.gz": 45, "wide.nii.gz": 40000}[name]
			index := []int{0, 1, 5, 6, 7, 22}
			values := ramp(len(index) * components)
			expected[name] = fullRows(index, components, h.Voxels(), values, -1)
			err = WriteMap(path, h, index, components, values, WriteOptions{Fill: -1})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	runPython(t, checkFiles, dir)
	var made []struct {
		written
		Qform, Sform [4][4]float64
	}
	readJSON(t, filepath.Join(dir, "made.json"), &made)
	if len(made) != len(headers) {
		t.Fatalf("nibabel read %d files, expected %d", len(made), len(headers))
	}
	for _, w := range made {
		h := headers[w.File]
		m, err := Open(filepath.Join(dir, w.File))
		if err != nil {
			t.Fatal(err)
		}
		wantHeader(t, m.Header, w.written)
		if w.Qcode != h.QFormCode || w.Scode != h.SFormCode || w.Dtype != "float32" || w.BigEndian {
			t.Errorf("%s: nibabel says %+v; the header given was %+v", w.File, w.written, h)
		}
		affine, qform := h.Affine(), h.qform()
		for i := range 4 {
			// Stored numbers are rounded to float32, whose steps near 126.5 are 8e-6.
			if !near(w.Affine[i][:], affine[i][:], 1e-5) || h.QFormCode != 0 && !near(w.Qform[i][:], qform[i][:], 1e-5) {
				t.Errorf("%s: affine %v and qform %v, expected %v and %v", w.File, w.Affine, w.Qform, affine, qform)
				break
			}
		}
		zooms := append(slices.Clone(h.Zooms[:3]), 1) // the components of a map have no spacing
		if w.Descrip == "signal" {
			zooms = h.Zooms
		}
		if !near(w.Zooms, zooms[:len(w.Zooms)], 1e-6) {
			t.Errorf("%s: zooms %v, expected %v", w.File, w.Zooms, zooms)
		}
		if w.File == "wide.nii.gz" && w.Version != 2 {
			t.Errorf("%s: NIfTI-%d, expected 2 for an axis of 40000", w.File, w.Version)
		}
		wantVolumeMajor(t, expected[w.File], readRaw(t, filepath.Join(dir, w.File+".raw")), m.Header.Volumes())
	}
}

func ramp(n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i)*0.25 + 1
	}
	return values
}

// fullRows spreads masked rows over all voxels.
func fullRows(index []int, length, voxels int, values []float32, fill float32) []float32 {
	rows := make([]float32, voxels*length)
	for i := range rows {
		rows[i] = fill
	}
	for i, v := range index {
		copy(rows[v*length:(v+1)*length], values[i*length:])
	}
	return rows
}
