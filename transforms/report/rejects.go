// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"slices"

	"github.com/chromabeam/chromabeam/transforms/fault"
)

// reasonView counts the listed rejects of one stage and reason.
type reasonView struct {
	Stage  fault.Stage
	Reason string
	Count  int
}

// maxReasons bounds the summary: reasons may quote what is wrong and then all
// differ.
const maxReasons = 12

func rejectsView(r Rejects) sectionView {
	v := sectionView{Kind: r.kind(), Title: r.Title, Note: r.Note, Rejects: r.Items}
	v.Hidden = max(0, r.Total-len(r.Items))
	counts := map[reasonView]int{}
	for _, item := range r.Items {
		counts[reasonView{Stage: item.Stage, Reason: item.Reason}]++
	}
	for k, n := range counts {
		k.Count = n
		v.Reasons = append(v.Reasons, k)
	}
	slices.SortFunc(v.Reasons, func(a, b reasonView) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Stage, b.Stage))
	})
	v.Reasons = v.Reasons[:min(len(v.Reasons), maxReasons)]
	return v
}
