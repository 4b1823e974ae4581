export const greeting = (name: string) => `Hello from a workspace of ${name}`
