#!/bin/sh
# Opens, or updates, a pull request with the changed release lock and the files
# rendered from it: scripts/propose-releases.sh SUMMARY
set -eu
[ -n "$(git status --porcelain)" ] || { echo "no new releases"; exit 0; }
branch=node-releases
git config user.name "armature releases"
git config user.email "releases@armature-cnb.invalid"
git checkout -B "$branch"
git add buildpacks/node-engine docs/node-releases.md README.md
git commit -m "Update the Node.js releases"
git push --force origin "$branch"
if [ -z "$(gh pr list --head "$branch" --state open --json number --jq '.[].number')" ]; then
  gh pr create --head "$branch" --title "Update the Node.js releases" --body-file "$1"
else
  gh pr edit "$branch" --body-file "$1"
fi
