// SPDX-License-Identifier: Apache-2.0

package kaggle

import (
	"regexp"
	"strings"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// Dataset is one of the data sets that can be fetched.
type Dataset struct {
	// Name is the preset that prepares it.
	Name string
	// Owner and Slug name it at Kaggle.
	Owner, Slug string
	// picture matches the names of its pictures inside the archive.
	picture *regexp.Regexp
}

// Datasets returns the data sets that can be fetched.
func Datasets() []Dataset {
	return []Dataset{
		{
			Name: "pokemon", Owner: "kvpratama", Slug: "pokemon-images-dataset",
			picture: regexp.MustCompile(`(^|/)pokemon(_jpg)?/[^/]+\.(png|jpg)$`),
		},
		{
			Name: "anime-faces", Owner: "soumikrakshit", Slug: "anime-faces",
			picture: regexp.MustCompile(`(^|/)data/[^/]+\.png$`),
		},
	}
}

// Lookup returns the data set of a preset's name. The error is a request error
// in the sense of [fault.RequestError].
func Lookup(name string) (Dataset, error) {
	var names []string
	for _, d := range Datasets() {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return Dataset{}, fault.Request("data set must be %s, got %q", strings.Join(names, " or "), name)
}

// Ref is the data set's name at Kaggle, OWNER/SLUG.
func (d Dataset) Ref() string { return d.Owner + "/" + d.Slug }

// Page is where a browser shows the data set: its rules, its licence and a
// button to download it by hand.
func (d Dataset) Page() string { return "https://www.kaggle.com/datasets/" + d.Ref() }

// byHand says how to do without the API.
func (d Dataset) byHand() string {
	return "or download it by hand from " + d.Page() + " and run chromabeam prepare -preset " + d.Name + " -input on that file"
}
