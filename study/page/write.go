package page

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/voxfit/voxfit/disk"
	"github.com/voxfit/voxfit/study/page/internal/drawing"
)

//go:embed *.html.tmpl
var templateTexts embed.FS

var templates = template.Must(template.ParseFS(templateTexts, "*.html.tmpl"))

// A figure is one drawing of a page.
type figure struct {
	Name    string // of its file, without ".svg"
	Title   string
	Caption string // a paragraph in plain words: what it shows and what to look for
	// SVG is the drawing, ready to stand inside a page, where it takes the text colour of its
	// surroundings. Nil when there is nothing to draw.
	SVG []byte
	// Missing says in one sentence why there is nothing to draw; empty otherwise.
	Missing string
}

// drawInto draws a sheet as the drawing of a figure.
func drawInto(f figure, sh *drawing.Sheet) (figure, error) {
	svg, err := sh.Draw()
	f.SVG = svg
	return f, err
}

// A pageFigure is a figure in its place.
type pageFigure struct {
	figure
	Number int
	Inline template.HTML // our own drawing: its texts are escaped where it is made
}

func pageFigures(figures []figure) []pageFigure {
	var all []pageFigure
	for i, f := range figures {
		all = append(all, pageFigure{figure: f, Number: i + 1, Inline: template.HTML(f.SVG)})
	}
	return all
}

// A file stands beside a page.
type file struct {
	name string
	text []byte
}

// writePage writes index.html, by a template and what it sees, and beside it figures/*.svg and other files. The directory
// is made when it is not there. Each file is replaced as a whole, index.html last. Of a figure that is not drawn, the file
// that an earlier page had is removed.
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

// dayAndTime is when a page was made; empty where that is not said.
func dayAndTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04 MST")
}
