// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// reasonView is a [Reason] as the page prints it.
type reasonView struct {
	Stage         fault.Stage
	Reason, Count string
}

// maxReasons bounds the summary: reasons may quote what is wrong and then all
// differ.
const maxReasons = 12

func rejectsView(r Rejects) sectionView {
	v := sectionView{Kind: r.kind(), Title: r.Title, Note: r.Note}
	for _, item := range r.Items {
		item.Source, item.Reason = legible(item.Source), legible(item.Reason)
		v.Rejects = append(v.Rejects, item)
	}
	if hidden := r.Total - len(r.Items); hidden > 0 {
		v.Hidden = Grouped(int64(hidden))
	}
	reasons := r.Reasons
	if reasons == nil {
		reasons = countReasons(r.Items)
	}
	var rest int64
	for i, one := range reasons {
		if i >= maxReasons {
			rest += one.Count
			continue
		}
		v.Reasons = append(v.Reasons, reasonView{one.Stage, legible(one.Reason), Grouped(one.Count)})
	}
	if rest > 0 {
		v.Reasons = append(v.Reasons, reasonView{Reason: "for other reasons", Count: Grouped(rest)})
	}
	return v
}

func countReasons(rejects []fault.Reject) []Reason {
	counts := map[Reason]int64{}
	for _, r := range rejects {
		counts[Reason{Stage: r.Stage, Reason: r.Reason}]++
	}
	var out []Reason
	for k, n := range counts {
		k.Count = n
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Stage, b.Stage))
	})
	return out
}
