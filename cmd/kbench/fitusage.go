package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/model"
)

// helpColumns is the width of help.
const helpColumns = 110

// usage groups the flags of kbench fit: files, running, and the options of the named model, or of each.
func (o *fitOptions) usage(c *cobra.Command) error {
	w := c.OutOrStdout()
	fmt.Fprintf(w, "Usage:\n  kbench %s\n\nExamples:\n%s\n", c.Use, c.Example)
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
		new(modelFlags).addFrame(f)
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
