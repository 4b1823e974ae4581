exports.greeting = (name) => `Hello from a workspace of ${name}`
