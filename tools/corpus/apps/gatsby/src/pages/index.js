import * as React from 'react'

const Index = () => <h1>Hello from Gatsby</h1>

export default Index

export const Head = () => <title>Gatsby</title>
