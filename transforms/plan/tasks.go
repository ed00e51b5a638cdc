// SPDX-License-Identifier: Apache-2.0

package plan

// taskEntries is about the number of pictures whose plan files are written by
// one task.
const taskEntries = 1 << 17

// Tasks divides the plan files among tasks, given the number of entries of all
// runs together: each task reads every run, so there should be few, but each
// should be worth a worker's while.
func (l Layout) Tasks(entries [len(splits)]int64) []Task {
	var tasks []Task
	for split, n := range entries {
		if n == 0 {
			continue
		}
		shards := int64(l.shards(split))
		count := min(shards, (n+taskEntries-1)/taskEntries)
		for i := range count {
			first, end := i*shards/count, (i+1)*shards/count
			tasks = append(tasks, Task{
				Split: split, First: int(first), End: int(end),
				Entries: (n*(end-first) + shards - 1) / shards,
			})
		}
	}
	return tasks
}
