/** The build replaces the import with the minified CSS. */
declare module '*.css' {
  const text: string
  export default text
}
