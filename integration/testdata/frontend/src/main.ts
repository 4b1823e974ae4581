const greeting: string = 'Hello from the browser'

document.title = greeting
