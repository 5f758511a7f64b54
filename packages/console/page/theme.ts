// Runs before the first paint, so that a dark page does not flash white.
try {
  const theme = localStorage.getItem('paxyo-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme
} catch {
  // Storage is forbidden: the page uses the system's theme.
}
