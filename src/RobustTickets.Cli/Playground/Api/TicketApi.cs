// Shows the tickets of runs and compares two of them.
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Primitives;
using RobustTickets.Cli.Playground.Runs;
using RobustTickets.Tickets;

namespace RobustTickets.Cli.Playground.Api;

/// <summary><c>/api/ticket</c> and <c>/api/ticket/compare</c>.</summary>
internal static class TicketApi
{
    /// <summary>Maps the routes.</summary>
    public static void Map(WebApplication app, PlaygroundState state)
    {
        // Unstructured tickets are read completely into memory: one at a time.
        var turn = new SemaphoreSlim(1);
        Endpoint.Get(
            app,
            "/api/ticket",
            context =>
                One(turn, () => DrawnTicket.Of(Folder(state, context.Request.Query["run"])), context.RequestAborted)
        );
        Endpoint.Get(
            app,
            "/api/ticket/compare",
            context =>
            {
                var (run, other) = (context.Request.Query["run"], context.Request.Query["other"]);
                return One(
                    turn,
                    () => TicketComparison.Of(Folder(state, run), Folder(state, other), $"{run}", $"{other}"),
                    context.RequestAborted
                );
            }
        );
    }

    private static string Folder(PlaygroundState state, StringValues id)
    {
        var folder = state.Board.FolderOf(id);
        return File.Exists(Path.Combine(folder, "ticket", "ticket.json"))
            ? folder
            : throw RefusedException.NotFound($"{id}: has no ticket yet");
    }

    private static async Task<object> One<T>(SemaphoreSlim turn, Func<T> make, CancellationToken stop)
        where T : class
    {
        await turn.WaitAsync(stop);
        try
        {
            return await Task.Run(make, stop);
        }
        catch (TicketShapeException e)
        {
            throw RefusedException.Malformed(e.Message);
        }
        finally
        {
            turn.Release();
        }
    }
}
