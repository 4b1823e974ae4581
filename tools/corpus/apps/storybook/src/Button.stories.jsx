import { Button } from './Button.jsx'

export default { component: Button }

export const Primary = { args: { label: 'Hello from Storybook' } }
