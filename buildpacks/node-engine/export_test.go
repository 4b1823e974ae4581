package nodeengine

// Builder is what Build works with.
type Builder = builder
