/** The look of the dashboard, without its scripts: the same colours, header and type. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #17212b; --soft: #525b66; --line: #dee2e6; --paper: #fbfcfc; --card: #fff; --tint: #f1f5f5; --link: #0e6157; --here: #dcf2ee; --focus: #147468; }
@media (prefers-color-scheme: dark) { :root { --ink: #d8dde3; --soft: #aab2bc; --line: #343d46; --paper: #12161a; --card: #1b2127; --tint: #1e252b; --link: #8bd3c6; --here: #0d3d37; --focus: #8bd3c6; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color: var(--ink); background: var(--paper);
  display: grid; grid-template-columns: 15.5rem minmax(0, 1fr); grid-template-rows: auto 1fr; grid-template-areas: "head head" "nav main"; min-height: 100vh; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: .25rem; }
header { grid-area: head; height: 3.5rem; padding: 0 1rem; border-bottom: 1px solid var(--line); background: var(--card); display: flex; align-items: center; justify-content: space-between; gap: 1rem; position: sticky; top: 0; z-index: 1; }
header .wordmark { display: inline-flex; gap: .55rem; align-items: center; font-weight: 650; font-size: 1.05rem; color: inherit; text-decoration: none; }
header .back { font-size: .92rem; color: var(--link); }
nav { grid-area: nav; padding: .75rem; border-right: 1px solid var(--line); background: var(--card); font-size: .9rem; }
nav h2 { font-size: .75rem; font-weight: 600; color: var(--soft); margin: 1rem .75rem .25rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: .3rem .75rem; border-radius: .5rem; color: inherit; text-decoration: none; }
nav a:hover { background: var(--tint); } nav a[aria-current] { background: var(--here); font-weight: 600; }
main { grid-area: main; padding: 1.75rem 2rem 4rem; max-width: 62rem; min-width: 0; }
main a { color: var(--link); } h1 { font-size: 1.55rem; line-height: 1.25; margin: 0 0 1rem; font-weight: 620; } main h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; font-weight: 620; } main h3 { font-size: 1rem; }
code { font: .875em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--tint); padding: .1em .3em; border-radius: .25rem; overflow-wrap: anywhere; }
pre { background: var(--tint); border: 1px solid var(--line); padding: 1rem; overflow-x: auto; border-radius: .5rem; } pre code { padding: 0; overflow-wrap: normal; background: none; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; } th, td { border: 1px solid var(--line); padding: .45rem .75rem; text-align: left; vertical-align: top; } th { background: var(--tint); font-weight: 600; }
main img { max-width: 100%; height: auto; border: 1px solid var(--line); border-radius: .5rem; }
.lead { color: var(--soft); max-width: 44rem; }
.cards { list-style: none; padding: 0; margin: 0; display: grid; gap: .75rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
.cards a { display: block; height: 100%; padding: .9rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); color: inherit; text-decoration: none; }
.cards a:hover { border-color: var(--focus); } .cards strong { display: block; font-weight: 600; } .cards span { color: var(--soft); font-size: .9rem; }
.skip { position: absolute; left: -100rem; z-index: 2; } .skip:focus { left: 1rem; top: .5rem; background: var(--card); color: var(--link); padding: .4rem .8rem; border: 2px solid var(--focus); border-radius: .5rem; }
#reference { background: #fff; color: #17212b; border-radius: .5rem; padding-bottom: 1rem; overflow-x: auto; }
@media (max-width: 48em) { body { grid-template-columns: minmax(0, 1fr); grid-template-rows: auto; grid-template-areas: "head" "main" "nav"; } nav { border: 0; border-top: 1px solid var(--line); } main { padding: 1.25rem 1rem 2.5rem; } .cards { grid-template-columns: 1fr; } }
`;
