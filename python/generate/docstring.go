package main

import (
	"fmt"
	"regexp"
	"strings"
)

// common are the arguments that every fit has after its options.
const common = `    mask : array_like, (...), optional
        The voxels to fit; all by default.
    n_threads : int, optional
        Number of workers; by default, and for -1, one for each CPU that the process may use.
    progress : callable or progress bar, optional
        Called as ` + "``progress(done, voxels)``" + `, or told by ` + "``update(added)``" + ` if it has that, as tqdm's bars do.
`

// docstring is in NumPy's form.
func docstring(m entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "    \"\"\"%s\n\n    Parameters\n    ----------\n", sentence("Fit "+lowerFirst(m.Summary)))
	b.WriteString("    data : array_like, (..., N)\n        Measured values of any real type and with any strides.\n")
	b.WriteString("    gtab : GradientTable or (bvals, bvecs)\n")
	b.WriteString(filled("DIPY's gradient table, or b-values (N,) in s/mm2 and b-vectors (N, 3), taken as they are.", 8))
	needed, others := split(m.Options)
	for _, o := range needed {
		b.WriteString(parameter(o))
	}
	if hasTissues(needed) {
		b.WriteString("    shells : array_like, optional\n")
		b.WriteString(filled("b-values of the rows of the responses; by default the rows are those of the data's shells, ascending.", 8))
	}
	for _, o := range others {
		b.WriteString(parameter(o))
	}
	b.WriteString(common)
	fmt.Fprintf(&b, "    **aliases\n        Other names of options, as `%s` has them.\n", aliasesName(m))
	b.WriteString(returns(m))
	b.WriteString(example(m, needed))
	b.WriteString("    \"\"\"\n")
	return b.String()
}

// parameter describes an option.
func parameter(o option) string {
	kind := map[string]string{
		"integer": "int", "number": "float", "boolean": "bool", "text": "str", "evals": "array_like, (3,)",
		"directions": "array_like, (n, 3), or Sphere", "sphere": "Sphere or array_like, (n, 3)",
		"response": "(evals, S0), AxSymShResponse or array_like",
		"tissues":  "dict of str to array_like, or MultiShellResponse",
	}[o.Kind]
	if o.Kind == "choice" {
		kind = strings.Replace(strings.Replace(o.pythonType(), "Literal[", "{", 1), "]", "}", 1)
	}
	switch {
	case o.needed():
	case o.open():
		kind += ", optional"
	default:
		kind += ", default " + o.pythonDefault()
	}
	parts := []string{sentence(o.Help)}
	if facts := facts(o); facts != "" {
		parts = append(parts, sentence(upperFirst(facts)))
	}
	if more := inPython[o.Kind]; more != "" {
		parts = append(parts, more)
	}
	if o.Name == "b0_threshold" {
		parts = append(parts, "Where the gradient table is DIPY's, its own is the default.")
	}
	if words := o.words(); len(words) > 0 {
		parts = append(parts, "Also ``"+strings.Join(words, "``, ``")+"``.")
	}
	return fmt.Sprintf("    %s : %s\n", pythonName(o.Name), kind) + filled(strings.Join(parts, " "), 8)
}

// inPython says which of Python's objects stand for an option.
var inPython = map[string]string{
	"response": "In DIPY's forms, or as zonal coefficients of l = 0, 2, 4, ..., a row for each shell, as MRtrix3's files hold them.",
	"tissues": `For each tissue ("WM", "GM", "CSF") zonal coefficients of l = 0, 2, 4, ..., a row for each shell, b = 0 included, as ` +
		"MRtrix3's files hold them; or DIPY's object.",
}

// facts are unit and range in words.
func facts(o option) string {
	var facts []string
	if o.Unit != "" {
		facts = append(facts, "in "+o.Unit)
	}
	if r := inWords(o.Range); r != "" {
		facts = append(facts, r)
	}
	return strings.Join(facts, ", ")
}

var interval = regexp.MustCompile(`^([\[(])([^,]*),([^,]*)([\])])$`)

// inWords reads an interval, "[2,inf)", as words, "at least 2".
func inWords(text string) string {
	found := interval.FindStringSubmatch(strings.ReplaceAll(text, " ", ""))
	if found == nil {
		return text
	}
	low, high := found[2], found[3]
	if found[1] == "[" && found[4] == "]" {
		return "from " + low + " to " + high
	}
	var words []string
	if !strings.Contains(low, "inf") {
		words = append(words, map[string]string{"[": "at least ", "(": "above "}[found[1]]+low)
	}
	if !strings.Contains(high, "inf") {
		words = append(words, map[string]string{"]": "at most ", ")": "below "}[found[4]]+high)
	}
	return strings.Join(words, " and ")
}

// returns lists the maps.
func returns(m entry) string {
	var b strings.Builder
	b.WriteString("\n    Returns\n    -------\n    Result\n")
	first := attribute(m.Maps[0].Name)
	b.WriteString(filled(fmt.Sprintf("With the maps below as attributes and as items, ``result.%s`` and ``result[%q]``, "+
		"zero outside the mask. Shapes are those by default.", first, m.Maps[0].Name), 8))
	b.WriteString("\n")
	for _, f := range m.Maps {
		shape := "(...)"
		if f.Components != 1 {
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
			text += " Only when it is asked for."
		}
		b.WriteString(filled(text, 12))
	}
	return b.String()
}

func example(m entry, needed []option) string {
	arguments := "data, gtab"
	for _, o := range needed {
		arguments += ", " + pythonName(o.Name)
	}
	return fmt.Sprintf("\n    Examples\n    --------\n    >>> result = %s(%s, mask=mask)    # doctest: +SKIP\n    >>> result.%s    # doctest: +SKIP\n",
		m.Function, arguments, attribute(m.Maps[0].Name))
}

var notInNames = regexp.MustCompile(`\W+`)

// attribute is a map's name as Result has it for an attribute: fod_wm for fod_label-WM.
func attribute(name string) string {
	return notInNames.ReplaceAllString(strings.ToLower(strings.ReplaceAll(name, "_label-", "_")), "_")
}

// width is that of a line of Python.
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
