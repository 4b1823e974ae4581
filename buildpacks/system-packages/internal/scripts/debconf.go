package scripts

import "strings"

// confmodule is debconf's library for scripts.
const confmodule = "/usr/share/debconf/confmodule"

// dbGet prints the answer to a question.
const dbGet = "armature-db-get"

// debconf is the library for a build, which asks nobody: every question has its
// default answer (debconf-devel(7)).
const debconf = `
db_get() { RET=$(` + dbGet + ` "$1") || return 10; }
db_metaget() { RET=; }
for command in version capb title settitle info input beginblock endblock go set reset subst fget fset previous_module purge register unregister clear stop progress x_loadtemplatefile; do
	eval "db_$command() { RET=; return 0; }"
done
`

// questions are the defaults of a package's templates file.
func questions(templates string) map[string]string {
	all := map[string]string{}
	name := ""
	for line := range strings.Lines(templates) {
		if value, ok := strings.CutPrefix(line, "Template:"); ok {
			name = strings.TrimSpace(value)
			all[name] = ""
		} else if value, ok := strings.CutPrefix(line, "Default:"); ok {
			all[name] = strings.TrimSpace(value)
		}
	}
	return all
}
