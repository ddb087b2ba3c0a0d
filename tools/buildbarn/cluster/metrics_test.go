// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"strings"
	"testing"
)

const scheduled = `# HELP w_total Number of workers created.
# TYPE w_total counter
w_total{platform="{\"properties\":[{\"name\":\"Arch\", \"value\":\"amd64\"}]}",size_class="0"} 2
w_total{platform="other",size_class="0"} 1e+00
w_total_more{platform="other"} 40
v_total 7
`

func TestSumMetric(t *testing.T) {
	for _, test := range []struct {
		name, text, metric string
		want               int
		fails              bool
	}{
		{name: "labels are added up", text: scheduled, metric: "w_total", want: 3},
		{name: "no labels", text: scheduled, metric: "v_total", want: 7},
		{name: "absent", text: scheduled, metric: "u_total"},
		{name: "empty", metric: "w_total"},
		{name: "no number", text: "w_total{} many\n", metric: "w_total", fails: true},
		{name: "no value", text: "w_total{}\n", metric: "w_total", fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := sumMetric(strings.NewReader(test.text), test.metric)
			if got != test.want || (err != nil) != test.fails {
				t.Errorf("got %d, %v; want %d, failure %v", got, err, test.want, test.fails)
			}
		})
	}
}

func FuzzSumMetric(f *testing.F) {
	f.Add(scheduled, "w_total")
	f.Add("w_total{} many\n", "w_total")
	f.Add("w_total", "w_total")
	f.Fuzz(func(t *testing.T, text, name string) {
		sumMetric(strings.NewReader(text), name)
	})
}
