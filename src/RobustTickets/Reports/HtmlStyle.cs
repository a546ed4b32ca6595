// The report's style sheet: light or dark by the reader's system, the same variables for figures,
// and print styles.
namespace RobustTickets.Reports;

internal static class HtmlStyle
{
    internal const string Css = """
        :root { color-scheme: light dark;
          --page: #f7f7f5; --surface: #ffffff; --ink: #1c2430; --muted: #596373; --line: #dfe3e8; --accent: #b3261e;
            --tint: #eef2fb;
          --was: #fde6e3; --was-ink: #8c1d18; --now: #dcefe6; --now-ink: #0b5d44; --warn: #fff4dc; --warn-ink: #7a4b00;
          --series-1: #2f5fd0; --series-2: #c2571a; --series-3: #11806a; --series-4: #8a3fb0; --series-5: #a8324a;
            --series-6: #6b7280; }
        @media (prefers-color-scheme: dark) { :root {
          --page: #11141a; --surface: #191e26; --ink: #e7eaf0; --muted: #9aa5b5; --line: #303845; --accent: #ff8f82;
            --tint: #1f2735;
          --was: #472321; --was-ink: #ffc2bb; --now: #173d31; --now-ink: #a5ecd0; --warn: #3b2f13; --warn-ink: #ffd98a;
          --series-1: #7fa7ff; --series-2: #f2a25f; --series-3: #4fcfae; --series-4: #cb9ff5; --series-5: #f58ba1;
            --series-6: #a6b0be; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.6 system-ui, -apple-system,
          "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
        main, header, footer { max-width: 1180px; margin: 0 auto; padding: 0 28px; }
        header { padding-top: 52px; padding-bottom: 4px; }
        h1 { font-size: 2.15rem; line-height: 1.2; letter-spacing: -.02em; margin: 0 0 .35rem; }
        h2 { font-size: 1.3rem; line-height: 1.3; letter-spacing: -.01em; margin: 0 0 .3rem; }
        h3 { font-size: 1.02rem; margin: 1.7rem 0 .3rem; }
        p { margin: .5rem 0; max-width: 54rem; }
        .lead { color: var(--muted); margin: 0; }
        section { background: var(--surface); border: 1px solid var(--line); border-radius: 14px;
          padding: 26px 30px 28px; margin: 24px 0; }
        section > p.about { color: var(--muted); margin-top: 0; }
        .headline { font-size: 1.12rem; line-height: 1.55; max-width: 54rem; margin: .2rem 0 1rem; }
        .headline strong { font-variant-numeric: tabular-nums; }
        figure { margin: 1.1rem 0 0; min-width: 0; }
        figcaption { color: var(--muted); font-size: .86rem; line-height: 1.45; margin-top: .4rem; max-width: 46rem; }
        .figure { display: block; overflow: visible; font-variant-numeric: tabular-nums; }
        .side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 4px 36px;
          align-items: start; }
        .scroll { overflow-x: auto; margin-top: .6rem; }
        table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
        caption { text-align: left; color: var(--muted); font-size: .86rem; padding-bottom: .4rem; }
        th, td { padding: .46rem .42rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top;
          white-space: nowrap; }
        thead th { color: var(--muted); font-weight: 600; font-size: .8rem; border-bottom-width: 2px;
          vertical-align: bottom; white-space: normal; }
        thead th[title] { cursor: help; }
        tbody th { font-weight: 600; }
        tbody tr:last-child > * { border-bottom: 0; }
        .number { text-align: right; }
        td small, th small { display: block; color: var(--muted); font-size: .76rem; font-weight: 400;
          line-height: 1.3; }
        table.facts td, table.facts th { padding-top: .26rem; padding-bottom: .26rem; white-space: normal;
          overflow-wrap: anywhere; }
        table.facts tbody th { font: .82rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
          monospace; color: var(--muted); width: 17rem; }
        ul.findings { list-style: none; margin: .9rem 0 0; padding: 0; }
        ul.findings li { border-left: 4px solid var(--line); padding: .5rem .9rem; margin: .5rem 0;
          border-radius: 0 8px 8px 0; background: var(--page); }
        ul.findings li.warning { border-left-color: #d58b00; background: var(--warn); }
        ul.findings b.level { font-size: .74rem; letter-spacing: .05em; text-transform: uppercase;
          margin-right: .5rem; color: var(--muted); }
        ul.findings li.warning b.level { color: var(--warn-ink); }
        .example { border-top: 1px solid var(--line); padding-top: 1.1rem; margin-top: 1.2rem; }
        .example:first-of-type { border-top: 0; padding-top: 0; }
        .example h3 { margin-top: 0; }
        .example dl { display: grid; grid-template-columns: 10.5rem 1fr; gap: .55rem 1.2rem; margin: .5rem 0 0; }
        .example dt { color: var(--muted); font-size: .88rem; padding-top: .1rem; }
        .example dd { margin: 0; max-width: 44rem; }
        .verdict { display: block; font-size: .84rem; color: var(--muted); }
        .verdict b { font-weight: 600; } .verdict .bad { color: var(--was-ink); }
          .verdict .good { color: var(--now-ink); }
        mark { border-radius: 4px; padding: .06em .3em; color: inherit; font-weight: 600; }
        mark.was { background: var(--was); color: var(--was-ink); text-decoration: underline dotted;
          text-underline-offset: 3px; }
        mark.now { background: var(--now); color: var(--now-ink); text-decoration: underline;
          text-underline-offset: 3px; }
        details { margin-top: 1rem; } summary { cursor: pointer; color: var(--series-1); font-size: .92rem; }
        :focus-visible { outline: 2px solid var(--series-1); outline-offset: 3px; border-radius: 4px; }
        footer { color: var(--muted); font-size: .84rem; padding-bottom: 48px; }
        code { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
          overflow-wrap: anywhere; }
        .narrow { display: none; }
        table.claims td, table.claims th { white-space: normal; overflow-wrap: anywhere; min-width: 6.5rem; }
        table.claims tbody th { font-weight: 400; min-width: 13rem; }
        table.claims td mark { text-decoration: none; white-space: nowrap; }
        @media (max-width: 640px) { .wide { display: none; } .narrow { display: block; }
          table.claims thead { display: none; }
          table.claims tr, table.claims tbody th, table.claims td { display: block; border: 0; padding: .15rem 0; }
          table.claims tr { border-bottom: 1px solid var(--line); padding: .6rem 0; }
          figure { overflow-x: auto; } .figure { min-width: 520px; }
          .narrow .figure { min-width: 0; }
          section { padding: 20px 18px; } main, header, footer { padding-left: 14px; padding-right: 14px; }
          .example dl { grid-template-columns: 1fr; gap: .2rem; } .example dd { margin-bottom: .6rem; } }
        @media print { body { background: #fff; } section { border: 0; padding: 12px 0; break-inside: avoid; }
          details { display: none; } }
        """;
}
