package managerreleases

//go:generate go run ../../../tools/managerrelease -document ../../../docs/package-managers.md
