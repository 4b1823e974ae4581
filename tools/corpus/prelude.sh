# The functions that scripts of apps.toml call. A script runs in an empty folder and
# makes the folder app in it.

# create PACKAGE@VERSION ARGUMENT...: runs a generator.
create() { npm exec --yes -- "$@" </dev/null; }

# take NAME: copies a hand-written app.
take() { cp -R "$CORPUS_APPS/$1" app; }

# need KIND NAME@VERSION...: adds packages to package.json's dependencies or
# devDependencies.
need() {
  kind=$1
  shift
  for package; do (cd app && npm pkg set "$kind.${package%@*}=${package##*@}"); done
}

# lock MANAGER[@VERSION]: writes the lockfile of an app that has none.
lock() (
  cd app
  case $1 in
    npm) [ -e package-lock.json ] || npm install --package-lock-only ;;
    pnpm@*) [ -e pnpm-lock.yaml ] || create "$1" install --lockfile-only ;;
    yarn@*) [ -e yarn.lock ] || create "@yarnpkg/cli-dist@${1#yarn@}" install --mode=update-lockfile ;;
    bun@*) [ -e bun.lock ] || npm_config_ignore_scripts=false create "$1" install --lockfile-only ;;
    *) echo "got the package manager $1, want npm, pnpm@VERSION, yarn@VERSION or bun@VERSION" >&2; exit 2 ;;
  esac
)

