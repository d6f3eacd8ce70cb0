package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/acq"
	"github.com/voxfit/voxfit/internal/plural"
	"github.com/voxfit/voxfit/nifti"
	"github.com/voxfit/voxfit/sh"
)

// convertOptions has the flags of kbench convert.
type convertOptions struct {
	image, out string
	to, from   harmonicForm
	force      bool
	command    string
}

func newConvertCommand(args []string) *cobra.Command {
	o := convertOptions{command: commandLine(args)}
	c := &cobra.Command{
		Use:   "convert FOD -o OUT.nii.gz",
		Short: "Write a fodf in another basis or frame",
		Long: `Write the spherical harmonics of an image, such as a fodf, in another basis or frame. Both are read from the image's
header and from the sidecar beside it; where these say nothing, or disagree, give --from-basis and --from-frame. It is
an error if these flags contradict the header and the sidecar.

MRtrix3 reads basis tournier07 in world axes, DIPY descoteaux07 in image axes. The conversion is exact: there and
back gives the same numbers to the rounding of float32.`,
		Example: `  kbench convert maps/model-csd_param-fod_dwimap.nii.gz --sh-basis tournier07 --frame world -o for-mrtrix.nii.gz
  kbench convert wm.nii.gz --from-basis tournier07 --from-frame world --sh-basis descoteaux07 --frame image -o for-dipy.nii.gz`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("convert: found %s, expected one: FOD", plural.Count(len(args), "argument"))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.image = args[0]
			return o.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVarP(&o.out, "output", "o", "", "output image, .nii.gz or .nii; a sidecar is written beside it (needed)")
	f.StringVar(&o.to.basis, "sh-basis", "", "basis to write: descoteaux07 (DIPY) or tournier07 (MRtrix3) (default: the basis of FOD)")
	f.Var(namedValue(&o.to.frame, imageFrame, worldFrame), "frame", "axes to write: image (b-vectors as given) or world (scanner) (default: the axes of FOD)")
	f.StringVar(&o.from.basis, "from-basis", "", "basis of FOD, where its header and sidecar do not say it, or disagree")
	f.Var(namedValue(&o.from.frame, imageFrame, worldFrame), "from-frame", "axes of FOD, where its header and sidecar do not say it, or disagree")
	f.BoolVar(&o.force, "force", false, "replace files that exist")
	return c
}

// check refuses unusable flags, and spells names of bases in lower case.
func (o *convertOptions) check() error {
	if o.out == "" {
		return errors.New("convert: -o OUT.nii.gz says where the result goes; it is needed")
	}
	if stemOf(o.out) == o.out {
		return fmt.Errorf("-o %s: expected a name that ends in .nii.gz or .nii", o.out)
	}
	if o.to == (harmonicForm{}) {
		return errors.New("convert: found neither --sh-basis nor --frame, expected what to convert to, as --sh-basis tournier07 --frame world")
	}
	for _, f := range []struct {
		flag  string
		value *string
	}{{"--sh-basis", &o.to.basis}, {"--from-basis", &o.from.basis}} {
		if *f.value == "" {
			continue
		}
		basis, err := sh.ParseBasis(*f.value)
		if err != nil {
			return fmt.Errorf("%s %s: expected %v or %v", f.flag, *f.value, sh.Descoteaux07, sh.Tournier07)
		}
		*f.value = basis.String()
	}
	for flag, value := range map[string]string{"--frame": o.to.frame, "--from-frame": o.from.frame} {
		if value != "" && value != imageFrame && value != worldFrame {
			return fmt.Errorf("%s %s: expected image or world", flag, value)
		}
	}
	return nil
}

func (o *convertOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	return nothingWritten(o.rewrite(ctx, stdout, stderr))
}

// rewrite does the conversion, once the flags are checked.
func (o *convertOptions) rewrite(ctx context.Context, stdout, stderr io.Writer) error {
	inputs, err := watchSidecar(o.image)
	if err != nil {
		return err
	}
	sidecar, part, err := readSidecar(o.image)
	if err != nil {
		return err
	}
	if what, said := sidecar["Parameter"]; said && part.Harmonics == nil && part.Basis == "" {
		return fmt.Errorf("%s: its sidecar says that it is a map of %s, without a basis of spherical harmonics; expected their coefficients, as of a fodf", o.image, what)
	}
	image, err := openImage(o.image)
	if err != nil {
		return err
	}
	inputs = append(inputs, image)
	n := image.Header.Volumes()
	lmax := degreeOf(n)
	if sh.Count(lmax) != n {
		return fmt.Errorf("%s: found %s, expected 1, 6, 15, 28, 45 ...: the coefficients of even harmonics up to a degree", o.image, plural.Count(n, "volume"))
	}
	known := append([]harmonicForm{harmonicFormOf(image.Header.Description)}, part.forms()...)
	from, err := o.source(known)
	if err != nil {
		return err
	}
	to := from
	if o.to.basis != "" {
		to.basis = o.to.basis
	}
	if o.to.frame != "" {
		to.frame = o.to.frame
	}
	if err := o.checkSidecarOfOutput(); err != nil {
		return err
	}
	stem := filepath.Base(stemOf(o.out))
	out, err := newStaging(filepath.Dir(o.out), "convert-"+stem, o.command)
	if err != nil {
		return err
	}
	defer out.remove()
	if err := out.claim([]string{filepath.Base(o.out), stem + ".json"}, o.force); err != nil {
		return err
	}
	values, index, err := o.convert(ctx, image.Image, lmax, from, to)
	if err != nil {
		return err
	}
	hashing := startHashing(ctx, inputs) // this second reading shows whether the file changed during the first
	defer hashing.stop()
	if err := o.stage(ctx, out, image.Header, index, values, to, sidecar); err != nil {
		return err
	}
	if _, err := hashing.wait(); err != nil {
		return err
	}
	if err := confirmAll(ctx, inputs); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	sayDone(stdout, stderr, o.out+" and its sidecar are whole", func(w io.Writer) {
		fmt.Fprintf(w, "%s: %s (lmax %d) from basis %s, %s axes to basis %s, %s axes\n", o.out, plural.Count(n, "coefficient"), lmax, from.basis, from.frame, to.basis, to.frame)
	})
	return nil
}

// stage writes the image and its sidecar into the staging folder.
func (o *convertOptions) stage(ctx context.Context, out *staging, like *nifti.Header, index []int, values []float32, to harmonicForm, sidecar map[string]json.RawMessage) error {
	if err := out.begin(); err != nil {
		return err
	}
	what, _, _ := strings.Cut(like.Description, ";")
	if harmonicFormOf(like.Description) == (harmonicForm{}) {
		what = "voxfit convert"
	}
	n := like.Volumes()
	write := nifti.WriteOptions{Description: what + "; " + to.String(), Context: ctx}
	if err := nifti.WriteMap(out.path(filepath.Base(o.out)), like, index, n, values, write); err != nil {
		return err
	}
	return o.writeSidecar(out, sidecar, to, n)
}

// checkSidecarOfOutput refuses an output beside an image of the same name with the other ending (.nii or .nii.gz). Both
// would share one sidecar, which would no longer be true of that image.
func (o *convertOptions) checkSidecarOfOutput() error {
	other := stemOf(o.out) + ".nii"
	if other == o.out {
		other += ".gz"
	}
	_, err := os.Lstat(other)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("-o %s: its sidecar, %s.json, is that of %s, which exists; expected another name", o.out, stemOf(o.out), other)
}

// source returns the form of the image. It is what header and sidecar say, if they agree, or else what the flags say.
func (o *convertOptions) source(known []harmonicForm) (harmonicForm, error) {
	agree := func(what, flag, given string, value func(harmonicForm) string) (string, error) {
		var found []string
		for _, k := range known {
			if v := value(k); v != "" && !slices.Contains(found, v) {
				found = append(found, v)
			}
		}
		switch {
		case given != "" && len(found) == 1 && given != found[0]:
			return "", fmt.Errorf("%s %s: header and sidecar of %s say %s; leave the flag out, or put them right", flag, given, o.image, found[0])
		case given != "":
			return given, nil
		case len(found) == 0:
			return "", fmt.Errorf("%s: neither its header nor a sidecar says in which %s it is; give %s", o.image, what, flag)
		case len(found) == 1:
			return found[0], nil
		}
		return "", fmt.Errorf("%s: its header and its sidecar disagree on the %s: found %s; give %s", o.image, what, strings.Join(found, " and "), flag)
	}
	basis, err := agree("basis", "--from-basis", o.from.basis, func(f harmonicForm) string { return f.basis })
	if err != nil {
		return harmonicForm{}, err
	}
	frame, err := agree("axes", "--from-frame", o.from.frame, func(f harmonicForm) string { return f.frame })
	return harmonicForm{basis, frame}, err
}

// convert reads the coefficients and converts them, voxel by voxel in double precision.
func (o *convertOptions) convert(ctx context.Context, image *nifti.Image, lmax int, from, to harmonicForm) ([]float32, []int, error) {
	index := nifti.FullMask(image.Header).Index
	n := sh.Count(lmax)
	if err := checkMemory(o.image, len(index), n, 1); err != nil {
		return nil, nil, err
	}
	fromBasis, err := sh.ParseBasis(from.basis)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.image, err)
	}
	toBasis, _ := sh.ParseBasis(to.basis)
	turn := func(coefficients []float64) {}
	if from.frame != to.frame {
		matrix, err := acq.ImageToWorld(image.Header.Affine())
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", o.image, err)
		}
		if to.frame == imageFrame {
			matrix = transposed(matrix)
		}
		rotation, err := sh.NewRotation(fromBasis, lmax, matrix)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", o.image, err)
		}
		turn = func(coefficients []float64) { rotation.Apply(coefficients, coefficients) }
	}
	values := make([]float32, len(index)*n)
	if err := image.ReadMasked(ctx, values, index, nifti.ReadOptions{}); err != nil {
		return nil, nil, err
	}
	voxel := make([]float64, n)
	for row := values; len(row) > 0; row = row[n:] {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		for i, x := range row[:n] {
			voxel[i] = float64(x)
		}
		turn(voxel)
		sh.Convert(voxel, voxel, lmax, fromBasis, toBasis)
		for i, x := range voxel {
			row[i] = float32(x)
		}
	}
	return values, index, nil
}

func transposed(m [3][3]float64) (t [3][3]float64) {
	for i := range m {
		for j := range m {
			t[j][i] = m[i][j]
		}
	}
	return t
}

// writeSidecar writes the image's sidecar with the changes.
func (o *convertOptions) writeSidecar(out *staging, sidecar map[string]json.RawMessage, to harmonicForm, n int) error {
	all := map[string]any{}
	for key, value := range sidecar {
		all[key] = value
	}
	text, err := json.Marshal(to.sidecar(n))
	if err != nil {
		return err
	}
	changed := map[string]any{}
	if err := json.Unmarshal(text, &changed); err != nil {
		return err
	}
	maps.Copy(all, changed)
	if description := ""; json.Unmarshal(sidecar["Description"], &description) == nil {
		all["Description"] = to.describing(description)
	}
	all["ConvertedBy"] = map[string]string{"Name": "voxfit kbench", "Version": version(), "Command": o.command}
	all["Sources"] = []string{o.image}
	if text, err = json.MarshalIndent(all, "", "  "); err != nil {
		return err
	}
	return out.write(filepath.Base(stemOf(o.out))+".json", append(text, '\n'))
}
