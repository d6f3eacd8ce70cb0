package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

//go:embed *.html.tmpl
var templateTexts embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{"command": command}).ParseFS(templateTexts, "*.html.tmpl"))

// command sets a command so that no browser breaks a line after the dashes of a flag.
func command(text string) template.HTML {
	parts := strings.Split(text, " ")
	for i, word := range parts {
		parts[i] = template.HTMLEscapeString(word)
		if strings.HasPrefix(word, "-") {
			flag, _, _ := strings.Cut(parts[i], "=") // behind it may be a long path, which may be broken
			parts[i] = `<span class="k">` + flag + `</span>` + strings.TrimPrefix(parts[i], flag)
		}
	}
	return template.HTML(strings.Join(parts, " "))
}

// A figure is one drawing of a page.
type figure struct {
	Name    string // its file's name without ".svg"
	Title   string
	Caption string // a paragraph in plain words: what it shows and what to look for
	// Drawing is ready to stand inside a page, where it takes the text colour of its surroundings. It has no SVG when
	// there is nothing to draw.
	drawing.Drawing
	// Missing says in one sentence why there is nothing to draw; empty otherwise.
	Missing string
}

// drawInto draws a sheet as the drawing of a figure.
func drawInto(f figure, sh *drawing.Sheet) (figure, error) {
	var err error
	f.Drawing, err = sh.Draw()
	return f, err
}

// A pageFigure is a figure with its number on the page.
type pageFigure struct {
	figure
	Number int
	Inline template.HTML // our own drawing, in which all texts are escaped
}

func pageFigures(figures []figure) []pageFigure {
	var all []pageFigure
	for i, f := range figures {
		all = append(all, pageFigure{figure: f, Number: i + 1, Inline: inline(f.Drawing)})
	}
	return all
}

// inline is a drawing as part of a page, whose style stretches it to the page's width. A narrow drawing is not stretched
// that far, or its letters would be larger than the page's.
func inline(d drawing.Drawing) template.HTML {
	const most = 1.6
	if d.SVG == nil {
		return ""
	}
	return template.HTML(fmt.Sprintf(`<svg style="max-width:%.0fpx"%s`, most*d.Width, strings.TrimPrefix(string(d.SVG), "<svg")))
}

// A file is written beside a page.
type file struct {
	name string
	text []byte
}

// writePage fills a template with data and writes it as index.html, with the figures as figures/*.svg and other files
// beside it. The folder is made where it is missing. Each file is replaced as a whole, index.html last. Where a figure
// is not drawn this time, the file of an earlier one is removed.
func writePage(dir, name string, data any, figures []figure, beside ...file) error {
	var index bytes.Buffer
	if err := templates.ExecuteTemplate(&index, name, data); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "figures"), 0o755); err != nil {
		return err
	}
	for _, f := range figures {
		if err := writeFigure(filepath.Join(dir, "figures"), f); err != nil {
			return err
		}
	}
	for _, f := range append(beside, file{"index.html", index.Bytes()}) {
		if err := disk.Replace(filepath.Join(dir, f.name), f.text); err != nil {
			return err
		}
	}
	return nil
}

func writeFigure(dir string, f figure) error {
	path := filepath.Join(dir, f.Name+".svg")
	if f.SVG != nil {
		return disk.Replace(path, drawing.StandaloneSVG(f.SVG))
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// dayAndTime writes when a page was made; it is empty for the zero time.
func dayAndTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04 MST")
}
