/** The build puts minified CSS in its place. */
declare module '*.css' {
  const text: string
  export default text
}
