module.exports = 'Hello from the company'
