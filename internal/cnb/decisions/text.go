package decisions

import (
	"fmt"
	"slices"
	"strings"
)

// labels name the topics for people.
var labels = map[Topic]string{
	Project: "project", Node: "Node.js", Manager: "package manager", Framework: "framework", InstallScript: "install scripts", BuildScript: "build scripts",
	Process: "process", Port: "port", Static: "static site", Native: "native modules", LeftOut: "left out", PassedOver: "passed over", Asked: "asked for",
}

// Label names a topic for people: "package manager".
func (t Topic) Label() string {
	if label, ok := labels[t]; ok {
		return label
	}
	return string(t)
}

// String returns a decision in one line, without its topic. Its parts come from the
// app: escape them for a terminal.
func (d Decision) String() string {
	text := d.Decision
	switch {
	case d.Topic == Asked:
		return fmt.Sprintf("[%s] %s", d.Name, d.Decision)
	case d.Topic == LeftOut:
		text = d.Name
	case d.Topic == Manager:
		text = d.Name + ", " + d.Decision
	case d.Topic == Port:
		text = fmt.Sprintf("%s, %s without it", d.Name, d.Decision)
	case d.Name != "":
		text = d.Name + ": " + d.Decision
	}
	if d.Evidence != "" {
		text += " (" + d.Evidence + ")"
	}
	return text
}

// Of returns the decisions about a topic.
func Of(all []Decision, topic Topic) []Decision {
	return slices.DeleteFunc(slices.Clone(all), func(d Decision) bool { return d.Topic != topic })
}

// maxNames is how many names a line of [Short] lists.
const maxNames = 6

// Short returns the decisions in at most ten lines: one for each topic that a build
// of this app has, and first what is asked for. What is passed over is in the build's
// log.
func Short(all []Decision) (lines []string) {
	for _, topic := range append([]Topic{Asked}, Topics()[:len(Topics())-1]...) {
		of := Of(all, topic)
		if len(of) == 0 || topic == PassedOver {
			continue
		}
		if topic == InstallScript || topic == BuildScript || topic == Native || topic == LeftOut || len(of) > 1 {
			lines = append(lines, topic.Label()+": "+names(of))
			continue
		}
		lines = append(lines, topic.Label()+": "+of[0].String())
	}
	return lines[:min(len(lines), maxLines)]
}

// maxLines is the number of lines that Short returns at most.
const maxLines = 10

// names lists the names of decisions, or what was decided where they have none.
func names(all []Decision) string {
	var some []string
	for _, d := range all[:min(len(all), maxNames)] {
		switch {
		case d.Topic == Process:
			some = append(some, fmt.Sprintf("%s: %s", d.Name, d.Decision))
		case d.Topic == Native:
			some = append(some, fmt.Sprintf("%s %s", d.Name, d.Decision))
		case d.Name != "":
			some = append(some, d.Name)
		default:
			some = append(some, d.Decision)
		}
	}
	if more := len(all) - maxNames; more > 0 {
		some = append(some, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(some, ", ")
}
