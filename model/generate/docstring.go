package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/model"
)

// common are the arguments that every fit has after its options.
const common = `    mask : array_like, (...), optional
        Voxels are fitted where it is neither zero nor NaN; by default all are. An empty mask is an error. A mask with
        more than two values, some above 1, gives a warning.
    n_threads : int, optional
        Number of workers; by default, and for -1, one for each CPU that the process may use.
    progress : callable or progress bar, optional
        Called as ` + "``progress(done, voxels)``" + `. If it has a method ` + "``update(added)``" + `, as
        tqdm's bars do, that is called instead.
`

// docstring writes a function's docstring in NumPy's form.
func docstring(m model.ListedModel) string {
	var b strings.Builder
	fmt.Fprintf(&b, "    \"\"\"%s\n    Parameters\n    ----------\n", heading(m.Summary))
	b.WriteString("    data : array_like, (..., N), path or nibabel image\n        Measured values of any real type and with any strides, or a NIfTI file, which `load` reads.\n")
	b.WriteString("    gtab : GradientTable or (bvals, bvecs)\n")
	b.WriteString(filled("DIPY's gradient table, or b-values (N,) in s/mm2 and b-vectors (N, 3). Nothing is flipped. A vector whose length is not 1 scales its b-value (bvalue_scaling). B-tensors other than linear ones are an error.", 8))
	needed, others := split(m.Options)
	for _, o := range needed {
		b.WriteString(parameter(o))
	}
	if hasTissues(needed) {
		b.WriteString("    response_bvals : array_like, optional\n")
		b.WriteString(filled("b-values of the rows of the responses; by default the rows stand for the data's shells in ascending order.", 8))
	}
	for _, o := range others {
		b.WriteString(parameter(o))
	}
	b.WriteString(common)
	fmt.Fprintf(&b, "    **aliases\n%s", filled(otherNames(others), 8))
	b.WriteString(returns(m))
	b.WriteString(example(m, needed))
	b.WriteString("    \"\"\"\n")
	return b.String()
}

// heading makes the first line from the summary. Where the summary is too long for a line, the line ends at its
// first comma, and a paragraph with the whole summary follows.
func heading(summary string) string {
	line := sentence("Fit " + lowerFirst(summary))
	if len(line)+7 <= width {
		return line + "\n"
	}
	depth := 0
	for i, r := range summary {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				return sentence("Fit "+lowerFirst(summary[:i])) + "\n\n" + filled(sentence(summary), 4)
			}
		}
	}
	return line + "\n"
}

// parameter describes an option in the section Parameters.
func parameter(o model.Option) string {
	kind := map[model.OptionKind]string{
		model.IntegerOption: "int", model.NumberOption: "float", model.BooleanOption: "bool", model.TextOption: "str",
		model.EvalsOption: "array_like, (3,)", model.NumbersOption: "array_like, (n,)",
		model.DirectionsOption: "array_like, (n, 3), or Sphere",
		model.SphereOption:     "str, Sphere or array_like, (n, 3)", model.ResponseOption: "(evals, S0), AxSymShResponse or array_like",
		model.TissuesOption: "dict of str to array_like or (evals, S0), or MultiShellResponse",
	}[o.Kind]
	if o.Kind == model.ChoiceOption {
		kind = strings.Replace(strings.Replace(pythonType(o), "Literal[", "{", 1), "]", "}", 1)
	}
	switch {
	case o.Needed:
	case o.Default == nil:
		kind += ", optional"
	default:
		kind += ", default " + pythonDefault(o)
	}
	parts := []string{sentence(meaning(o))}
	switch o.Kind {
	case model.IntegerOption, model.NumberOption, model.NumbersOption, model.EvalsOption:
		parts = append(parts, sentence(upperFirst(o.Expected())))
	}
	if more := inPython[o.Kind]; more != "" {
		parts = append(parts, more)
	}
	if o.Name == "b0_threshold" {
		parts = append(parts, "Where the gradient table is DIPY's, its own threshold is the default.")
	}
	if names := argumentsOf(o); len(names) > 0 && !o.Needed {
		parts = append(parts, "Also ``"+strings.Join(names, "``, ``")+"``"+otherWords(o, "``")+".")
	}
	return fmt.Sprintf("    %s : %s\n", pythonName(o.Name), kind) + filled(strings.Join(parts, " "), 8)
}

// otherNames lists the other names of all options.
func otherNames(options []model.Option) string {
	var names []string
	for _, o := range options {
		names = append(names, argumentsOf(o)...)
	}
	if len(names) == 0 {
		return "None of these options has another name."
	}
	return "Other names of options: ``" + strings.Join(names, "``, ``") + "``."
}

// inPython says which Python objects an option takes.
var inPython = map[model.OptionKind]string{
	model.ResponseOption: "As in DIPY, a pair ``((e1, e2, e3), S0)`` or an AxSymShResponse; or an array of zonal coefficients. An array of four numbers that look like e1, e2, e3 and S0 is read as these, as in files.",
	model.TissuesOption:  "A dict with a response for each tissue, as ``{\"WM\": zonal, \"CSF\": ((e1, e2, e3), S0)}``, or DIPY's MultiShellResponse. An array of four numbers that look like e1, e2, e3 and S0 is read as these, as in files.",
}

// returns lists the maps in the section Returns.
func returns(m model.ListedModel) string {
	var b strings.Builder
	b.WriteString("\n    Returns\n    -------\n    Result\n")
	first := attribute(m.Maps[0].Name)
	text := fmt.Sprintf("It has the maps below as attributes and as items, ``result.%s`` and ``result[%q]``. "+
		"They are zero outside the mask. The shapes are those for the default options.", first, m.Maps[0].Name)
	if slices.ContainsFunc(m.Options, func(o model.Option) bool { return o.Name == "peaks" }) {
		text += " With ``peaks=1``, peakvalues has one number for each voxel and no last axis."
	}
	b.WriteString(filled(text, 8))
	b.WriteString("\n")
	for _, f := range allMaps(m) {
		shape := "(...)"
		if f.Shape != nil {
			shape = fmt.Sprintf("(..., %s)", strings.Trim(strings.ReplaceAll(fmt.Sprint(f.Shape), " ", ", "), "[]"))
		} else if f.Components == 0 {
			shape = "(..., N)"
		} else if f.Components > 1 {
			shape = fmt.Sprintf("(..., %d)", f.Components)
		}
		if name := attribute(f.Name); name != f.Name {
			shape += fmt.Sprintf(", or ``[%q]``", f.Name)
		}
		fmt.Fprintf(&b, "        %s : ndarray, %s\n", attribute(f.Name), shape)
		text := sentence(f.Description)
		if f.Unit != "" {
			text += " In " + f.Unit + "."
		}
		if f.Optional {
			text += " Only made when an option asks for it."
		}
		if ofVoxelsInARow(f.Name) {
			text += fmt.Sprintf(" The item ``[%q]`` is the volume. The attribute has the fitted voxels alone, in a row.", f.Name)
		}
		b.WriteString(filled(text, 12))
	}
	return b.String()
}

// allMaps are the maps, and the parameters that are not also maps.
func allMaps(m model.ListedModel) []model.ListedMap {
	all := m.Maps
	for _, p := range m.Parameters {
		if !slices.ContainsFunc(m.Maps, func(have model.ListedMap) bool { return have.Name == p.Name }) {
			all = append(all, p)
		}
	}
	return all
}

// ofVoxelsInARow says whether Result's attribute of this name has the fitted voxels in a row, and is not a volume.
func ofVoxelsInARow(name string) bool { return name == "status" || name == "iterations" }

func example(m model.ListedModel, needed []model.Option) string {
	arguments := "data, gtab"
	for _, o := range needed {
		arguments += ", " + pythonName(o.Name)
	}
	return fmt.Sprintf("\n    Examples\n    --------\n    >>> result = %s(%s, mask=mask)    # doctest: +SKIP\n    >>> result.%s    # doctest: +SKIP\n",
		m.Function, arguments, attribute(m.Maps[0].Name))
}

var (
	notInNames       = regexp.MustCompile(`\W+`)
	smallThenCapital = regexp.MustCompile(`([a-z])([A-Z])`)
)

// attribute is the name of Result's attribute for a map: fod_wm for fod_label-WM, color_fa for colorFA.
func attribute(name string) string {
	apart := smallThenCapital.ReplaceAllString(strings.ReplaceAll(name, "_label-", "_"), "${1}_$2")
	return notInNames.ReplaceAllString(strings.ToLower(apart), "_")
}

// width is how long a line of Python may be.
const width = 119

// filled is a paragraph, indented, in lines of at most width.
func filled(text string, indent int) string {
	var b strings.Builder
	line := strings.Repeat(" ", indent)
	at := line
	for _, word := range strings.Fields(text) {
		if len(at)+1+len(word) > width && at != line {
			b.WriteString(at + "\n")
			at = line
		}
		if at != line {
			at += " "
		}
		at += word
	}
	b.WriteString(at + "\n")
	return b.String()
}

func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// lowerFirst leaves a first word in capitals, such as CSD, as it is.
func lowerFirst(text string) string {
	if len(text) > 1 && strings.ToUpper(text[1:2]) == text[1:2] {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}
