package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/voxfit/voxfit/model"
)

func newOptionsCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use:   "options [MODEL...]",
		Short: "The models, their options and their maps",
		Long: `List the models with their options and maps. An option has the same name in the C library, in Python and (with
dashes) on the command line of kbench fit. --json prints the list for programs.`,
		ValidArgs: model.Names(),
		RunE: func(c *cobra.Command, names []string) error {
			listing, err := chosenListing(names)
			if err != nil {
				return err
			}
			if asJSON {
				out := json.NewEncoder(c.OutOrStdout())
				out.SetIndent("", " ")
				return out.Encode(listing)
			}
			return writeListing(c.OutOrStdout(), listing)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return c
}

// chosenListing returns the listing of some models, or of all.
func chosenListing(names []string) (model.Listing, error) {
	listing, err := model.NewListing()
	if err != nil || len(names) == 0 {
		return listing, err
	}
	chosen := model.Listing{Shared: listing.Shared}
	for _, name := range names {
		if _, err := model.Find(name); err != nil {
			return chosen, err
		}
		for _, m := range listing.Models {
			if m.Name == name {
				chosen.Models = append(chosen.Models, m)
			}
		}
	}
	return chosen, nil
}

func writeListing(w io.Writer, listing model.Listing) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	options := func(list []model.Option) {
		for _, o := range list {
			value := ""
			if o.Needed {
				value = "needed (kbench: auto)"
			} else if o.Default != nil {
				value = model.DefaultText(o)
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\n", o.Name, o.Expected(), value)
		}
	}
	for _, m := range listing.Models {
		fmt.Fprintf(table, "%s: %s\n", m.Name, m.Summary)
		options(m.Options)
		fmt.Fprint(table, "  maps:")
		for _, d := range m.Maps {
			if !d.OnRequest {
				fmt.Fprintf(table, " %s", d.Name)
			}
		}
		writeOnRequest(table, m)
		fmt.Fprint(table, "\n\n")
	}
	fmt.Fprintln(table, "Every model:")
	options(listing.Shared)
	return table.Flush()
}

// writeOnRequest lists the maps that are made only if --maps names them.
func writeOnRequest(w io.Writer, m model.ListedModel) {
	before := "; with --maps:"
	for _, d := range m.Maps {
		if d.OnRequest {
			fmt.Fprintf(w, "%s %s", before, d.Name)
			before = ""
		}
	}
}
