// Common form of responses: JSON, or {"error": "..."} with a status. A handler returns a value or
// throws; unexpected exceptions are reported without stack trace.
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Playground;

/// <summary>Maps routes to functions.</summary>
internal static class Endpoint
{
    /// <summary>JSON options of requests and responses.</summary>
    public static JsonSerializerOptions Json { get; } =
        new(JsonSerializerDefaults.Web)
        {
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            NumberHandling = JsonNumberHandling.Strict,
            AllowDuplicateProperties = false,
            MaxDepth = 16,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        };

    /// <summary>Maps GET to a handler that returns a value.</summary>
    public static void Get(IEndpointRouteBuilder app, string path, Func<HttpContext, Task<object>> answer) =>
        app.MapGet(path, Handler(async context => await answer(context)));

    /// <summary>Maps POST with a JSON body to a handler that returns a value.</summary>
    public static void Post<T>(IEndpointRouteBuilder app, string path, Func<HttpContext, T, Task<object>> answer) =>
        app.MapPost(path, Handler(async context => await answer(context, await Body<T>(context))));

    /// <summary>
    /// Maps POST with a JSON body to server-sent events. Exceptions before the first event become
    /// an error response.
    /// </summary>
    public static void PostForEvents<T>(IEndpointRouteBuilder app, string path, Func<HttpContext, T, Task> answer) =>
        app.MapPost(
            path,
            Handler(async context =>
            {
                await answer(context, await Body<T>(context));
                return null;
            })
        );

    /// <summary>Maps GET to a text of a type other than JSON.</summary>
    public static void GetText(
        IEndpointRouteBuilder app,
        string path,
        string type,
        Func<HttpContext, Task<string>> answer
    ) =>
        app.MapGet(
            path,
            Handler(async context =>
            {
                var text = await answer(context);
                context.Response.ContentType = type;
                await context.Response.WriteAsync(text, context.RequestAborted);
                return null;
            })
        );

    /// <summary>Sends an error unless the response has started.</summary>
    public static async Task Refuse(HttpContext context, int status, string message, int? retryAfter = null)
    {
        if (context.Response.HasStarted)
            return;
        context.Response.StatusCode = status;
        if (retryAfter is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await context.Response.WriteAsJsonAsync(new { error = message }, Json, context.RequestAborted);
    }

    // Null means that the handler has already sent the response.
    private static RequestDelegate Handler(Func<HttpContext, Task<object?>> answer) =>
        context => Answer(context, answer);

    private static async Task Answer(HttpContext context, Func<HttpContext, Task<object?>> answer)
    {
        try
        {
            if (await answer(context) is { } value)
                await context.Response.WriteAsJsonAsync(value, value.GetType(), Json, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The client has disconnected, or the server is stopping.
            await Refuse(context, StatusCodes.Status503ServiceUnavailable, "stopped");
        }
        catch (RefusedException e)
        {
            await Refuse(context, e.Status, e.Message, e.RetryAfterSeconds);
        }
        catch (BadHttpRequestException e)
        {
            await Refuse(context, e.StatusCode, e.Message);
        }
        catch (Exception e)
            when (e
                    is DataException
                        or RequestException
                        or RunFolderException
                        or CheckpointException
                        or NumericFailureException
            )
        {
            await Refuse(context, StatusCodes.Status422UnprocessableEntity, e.Message);
        }
        catch (Exception e)
        {
            await Refuse(context, StatusCodes.Status500InternalServerError, $"{e.GetType().Name}: {e.Message}");
        }
    }

    // A page of another origin needs a CORS preflight to send JSON, and none is granted.
    private static async Task<T> Body<T>(HttpContext context)
    {
        if (!context.Request.HasJsonContentType())
            throw new RefusedException(
                StatusCodes.Status415UnsupportedMediaType,
                "the body must be JSON (content-type: application/json)"
            );
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Json, context.RequestAborted)
                ?? throw RefusedException.Malformed("the body is null");
        }
        // An unpaired surrogate is invalid text.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw RefusedException.Malformed($"invalid request body: {GuardedJson.Reason(e)}");
        }
    }
}
