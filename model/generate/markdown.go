package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/voxfit/voxfit/model"
)

const generatedNote = "<!-- Made by `go generate ./model` from the table of models: edit the tags in model/. -->\n"

// page makes docs/options.md.
func page(l model.Listing) []byte {
	var b bytes.Buffer
	b.WriteString("# Models, options and maps\n\n" + generatedNote + `
An option has one name, with underscores in the C library's JSON, in Python and in sidecars, and with dashes on the
command line: ` + "`neg_lambda`" + `, ` + "`--neg-lambda`" + `. An option that is not given has its default. An unknown option, a value
out of its range, and an option that has no meaning with the values of the others are errors, with the same words
everywhere. Names and values of choices are written in lower case here. The case of values does not matter.

- **directions**: unit vectors. In JSON ` + "`[[x, y, z], ...]`" + `; on the command line a file, as MRtrix3's -directions takes
  it (azimuth and inclination in radians, or vectors), or the numbers themselves, ` + "`\"0,0,1;0,1,0\"`" + `.
- **sphere**: the name of one of DIPY's spheres, of which half is taken (` + "`" + `repulsion724` + "`" + ` is its default_sphere); or
  directions, as above, four or more that are not in one plane. Each stands for its antipode, too. In JSON also
  ` + "`{\"vertices\": [[x, y, z], ...], \"edges\": [[i, j], ...]}`" + `, with the edges between neighbours, counted from 0.
- **evals**: three diffusivities in mm2/s, the largest first. ` + "`[0.0017, 0.0003, 0.0003]`" + `, or ` + "`0.0017,0.0003,0.0003`" + `.
- **response**: ` + "`{\"evals\": [e1, e2, e3], \"s0\": s}`" + `, or ` + "`{\"zonal\": [[...], ...], \"bvals\": [...]}`" + `: a row of zonal SH
  coefficients for each shell, and its b-values, if they are known. On the command line ` + "`e1,e2,e3,S0`" + `, a file, or
  ` + "`auto`" + `.
- **tissues**: a list of responses with names, ` + "`[{\"name\": \"WM\", \"zonal\": [[...], ...]}, ...]`" + `, with rows for the shells,
  b = 0 included. On the command line MRtrix3's files, ` + "`auto`" + `, or numbers, ` + "`\"e1,e2,e3,S0;e1,e2,e3,S0;...\"`" + `.

Python also takes the names that DIPY and other programs have for options, where the tables list them. With these names
it takes the words that these programs have for values.
`)
	for _, m := range l.Models {
		about := fmt.Sprintf("%s In CSV files it is `%s`, in Python `%s`, in the names of maps `model-%s`.", m.Summary, m.Class, m.Function, m.Entity)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", m.Name, strings.TrimSuffix(filled(about, 0), "\n"))
		b.WriteString("| option | values | default | meaning | other names |\n|---|---|---|---|---|\n")
		for _, o := range m.Options {
			writeRow(&b, o)
		}
		b.WriteString("\n| map | components | unit | what it is |\n|---|---|---|---|\n")
		for _, d := range m.Maps {
			writeMap(&b, d)
		}
	}
	b.WriteString("\n## Every model\n\n| option | values | default | meaning | other names |\n|---|---|---|---|---|\n")
	for _, o := range l.Shared {
		writeRow(&b, o)
	}
	return b.Bytes()
}

func writeRow(b *bytes.Buffer, o model.Option) {
	fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", o.Name, o.Expected(), defaultText(o), meaning(o), codes(o.Aliases)+otherWords(o, "`"))
}

func writeMap(b *bytes.Buffer, d model.ListedMap) {
	components := fmt.Sprint(d.Components)
	if d.Components == 0 {
		components = "measurements"
	}
	name := "`" + d.Name + "`"
	if d.Optional {
		name += " (if asked for)"
	}
	if d.OnRequest {
		name += " (kbench: `--maps`)"
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, components, d.Unit, d.Description)
}

func defaultText(o model.Option) string {
	switch {
	case o.Needed:
		return "needed; kbench estimates it by default"
	case o.Default == nil:
		return ""
	}
	return model.DefaultText(o)
}

// meaning is the help, and a sentence that says on which other option this one depends.
func meaning(o model.Option) string {
	if o.With == nil {
		return o.Help
	}
	return fmt.Sprintf("%s Only with `%s` %s.", o.Help, o.With.Option, strings.Join(o.With.Values, ", "))
}

// otherWords says which other programs' words for its values an option takes. quote stands on both sides of each
// word.
func otherWords(o model.Option, quote string) string {
	if len(o.Spellings) == 0 {
		return ""
	}
	var meanings []string
	for _, word := range slices.Sorted(maps.Keys(o.Spellings)) {
		meanings = append(meanings, quote+strings.ToUpper(word)+quote+" for "+o.Spellings[word])
	}
	return ", with " + strings.Join(meanings, ", ")
}

func codes(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

// The list of options in the C library's page stands between these lines.
const (
	optionsBegin = "<!-- options: made by `go generate ./model` -->\n"
	optionsEnd   = "<!-- end of options -->\n"
)

// withOptions reads a page and puts the list of options between the two lines.
func withOptions(path string, l model.Listing) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	before, rest, begins := strings.Cut(string(text), optionsBegin)
	_, after, ends := strings.Cut(rest, optionsEnd)
	if !begins || !ends {
		return nil, fmt.Errorf("%s: found no place for options, expected the lines %q and %q", path, optionsBegin, optionsEnd)
	}
	var b bytes.Buffer
	b.WriteString(before + optionsBegin + "\n| model | key | values (default) |\n|---|---|---|\n")
	for _, m := range l.Models {
		writeKeys(&b, m.Name, m.Options)
	}
	writeKeys(&b, "all", l.Shared)
	b.WriteString("\n" + optionsEnd + after)
	return b.Bytes(), nil
}

func writeKeys(b *bytes.Buffer, name string, options []model.Option) {
	for _, o := range options {
		value := o.Expected()
		if text := defaultText(o); text != "" {
			value += " (" + text + ")"
		}
		fmt.Fprintf(b, "| %s | `%s` | %s |\n", name, o.Name, value)
		name = ""
	}
}
