package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/model"
)

// helpColumns is the width of help.
const helpColumns = 110

// useLine returns the usage line with the named model.
func (o *fitOptions) useLine(use string) string {
	if o.kind == nil {
		return use
	}
	return strings.Replace(use, "MODEL", o.kind.Name, 1)
}

// examples returns the examples of the named model, or a plain example.
func (o *fitOptions) examples(all string) string {
	if o.kind == nil {
		return all
	}
	var own []string
	for _, line := range strings.Split(all, "\n") {
		if strings.Contains(line, " fit "+o.kind.Name+" ") {
			own = append(own, line)
		}
	}
	if len(own) == 0 {
		return "  kbench fit " + o.kind.Name + " dwi.nii.gz --mask mask.nii.gz -o maps"
	}
	return strings.Join(own, "\n")
}

// usage prints the flags of kbench fit in groups: files, running, and the options of the named model, or of each model.
func (o *fitOptions) usage(c *cobra.Command) error {
	w := c.OutOrStdout()
	fmt.Fprintf(w, "Usage:\n  kbench %s\n\nExamples:\n%s\n", o.useLine(c.Use), o.examples(c.Example))
	group := func(title string, add func(f *pflag.FlagSet)) {
		f := pflag.NewFlagSet(title, pflag.ContinueOnError)
		f.SortFlags = false
		add(f)
		fmt.Fprintf(w, "\n%s:\n%s", title, f.FlagUsagesWrapped(helpColumns))
	}
	kinds := model.Kinds
	if o.kind != nil {
		kinds = []*model.Kind{o.kind}
	}
	for _, k := range kinds {
		group(k.Name+": "+k.Summary, func(f *pflag.FlagSet) { addOptions(f, k.OptionList()) })
	}
	group("Every model", func(f *pflag.FlagSet) {
		addOptions(f, model.SharedOptions())
		(&modelFlags{kind: o.kind}).addFrame(f)
	})
	other := new(fitOptions)
	other.kind = o.kind
	group("Files", other.addFileFlags)
	group("Running", other.addRunFlags)
	if o.kind == nil {
		fmt.Fprintln(w, "\nkbench fit MODEL --help shows the options of one model alone.")
	}
	return nil
}
