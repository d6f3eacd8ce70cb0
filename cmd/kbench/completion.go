package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/voxfit/voxfit/kernel"
	"github.com/voxfit/voxfit/model"
	"github.com/voxfit/voxfit/sh"
)

// completing says whether a shell asks for completions. They are set up only in this case, because cobra keeps them,
// with the flags, until the process ends.
func completing(args []string) bool { return len(args) > 0 && strings.HasPrefix(args[0], "__complete") }

// completeValues lets shells offer values for those flags of a command whose values are names.
func completeValues(c *cobra.Command) {
	c.Flags().VisitAll(func(flag *pflag.Flag) {
		if names := namesOfValues(flag.Value); len(names) > 0 {
			directive := cobra.ShellCompDirectiveNoFileComp
			if takesFiles(flag) {
				directive = cobra.ShellCompDirectiveDefault
			}
			_ = c.RegisterFlagCompletionFunc(flag.Name, cobra.FixedCompletions(names, directive)) // each once
		}
	})
}

// namesOfValues returns the names that a flag's value may be.
func namesOfValues(value pflag.Value) []string {
	switch v := value.(type) {
	case *namedFlag:
		return v.names
	case *optionValue:
		switch v.option.Kind {
		case model.SphereOption:
			return sh.Hemispheres()
		case model.TextOption: // isa is the only such option
			return append([]string{"auto"}, kernel.ISAs()...)
		}
		return v.option.Choices
	}
	return nil
}

// takesFiles says whether a flag whose values are names may also name a file.
func takesFiles(flag *pflag.Flag) bool {
	v, ok := flag.Value.(*optionValue)
	return ok && v.option.Kind == model.SphereOption || flag.Name == "response"
}

// completeList lets shells offer names for a flag that is a list of names: those that are not in the list yet. For an
// empty list it also offers words that must stand alone.
func completeList(args []string, c *cobra.Command, flag string, names func() []string, alone ...string) {
	if !completing(args) {
		return
	}
	_ = c.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		if before == "" {
			return append(slices.Clone(alone), names()...), directive
		}
		var offered []string
		for _, name := range names() {
			if !slices.Contains(strings.Split(before, ","), name) {
				offered = append(offered, before+name)
			}
		}
		return offered, directive
	})
}

// mapsOf returns the names of all maps that a model may have, or nothing if no model is named.
func mapsOf(kind *model.Kind) []string {
	if kind == nil {
		return nil
	}
	listing, err := chosenListing([]string{kind.Name})
	if err != nil {
		return nil
	}
	var names []string
	for _, m := range listing.Models[0].Maps {
		names = append(names, m.Name)
	}
	return names
}
