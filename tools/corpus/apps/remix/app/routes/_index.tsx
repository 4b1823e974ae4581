export default function Index() {
  return <h1>Hello from Remix</h1>
}
