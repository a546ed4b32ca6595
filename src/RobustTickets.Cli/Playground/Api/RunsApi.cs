// Read-only views of runs and experiments. A client identifies a run by its path among the runs
// found.
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RobustTickets.Cli.Playground.Runs;

namespace RobustTickets.Cli.Playground.Api;

/// <summary><c>/api/runs</c>, <c>/api/runs/run</c> and <c>/report</c>.</summary>
internal static class RunsApi
{
    /// <summary>Maps the routes.</summary>
    public static void Map(WebApplication app, PlaygroundState state)
    {
        var reports = new RunReports();
        app.Lifetime.ApplicationStopped.Register(reports.Dispose);
        Endpoint.Get(app, "/api/runs", context => Unless(context, () => state.Board.List()));
        Endpoint.Get(
            app,
            "/api/runs/run",
            context => Unless(context, () => state.Board.Detail(context.Request.Query["id"]))
        );
        Endpoint.GetText(
            app,
            "/report",
            "text/html; charset=utf-8",
            async context =>
            {
                var query = context.Request.Query;
                var html = query.ContainsKey("experiment")
                    ? await RunReports.ReadAsync(state.Board.ReportOfTable(query["experiment"]), context.RequestAborted)
                    : await reports.OfRunAsync(state.Board.FolderOf(query["run"]), context.RequestAborted);
                context.Response.Headers.ContentSecurityPolicy = RunReports.Policy;
                return html;
            }
        );
    }

    // If the client already has this version, the response is empty.
    private static Task<object> Unless<T>(HttpContext context, Func<T> make)
        where T : IVersioned<T>
    {
        var since = context.Request.Query["since"].ToString();
        return Task.Run<object>(
            () =>
            {
                var value = make();
                return value.Version == since ? new { version = since, unchanged = true } : value;
            },
            context.RequestAborted
        );
    }
}
