// serve: the playground, a local web page for trying models, watching attacks and viewing runs.
// Makes no requests to other machines.
using System.CommandLine;
using System.Diagnostics;
using System.Net;
using RobustTickets.Attacks;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Playground;

namespace RobustTickets.Cli.Commands;

internal static class ServeCommand
{
    private const int Port = 8765;

    public static Command Create(CliContext context)
    {
        var model = new Option<string[]>("--model")
        {
            Description =
                "classifier: a run, its model/ folder, any Hugging Face BERT classifier, an ONNX file (FILE.onnx, or a "
                + "folder with model.onnx), or a name from 'models list'; may be repeated",
            HelpName = "DIR",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        var runs = new Option<string?>("--runs")
        {
            Description = "folder whose runs and experiments are shown live (read only)",
            HelpName = "DIR",
        };
        var resource = CommonOptions.Resources();
        var address = new Option<string>("--address")
        {
            Description =
                "IP address to listen on; addresses other than loopback require the access token that is printed at "
                + "start, and are not encrypted",
            HelpName = "IP",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        var port = CommonOptions.Count("--port", 0, $"port to listen on; 0: any free port; default {Port}");
        var open = new Option<bool>("--open") { Description = "also open the page in the browser" };
        var command = new Command(
            "serve",
            "start a browser playground: try texts on models, watch attacks, compare models, follow runs"
        )
        {
            model,
            runs,
            resource,
            address,
            port,
            open,
        };
        var execution = new ExecutionOptionSet(command);
        command.SetAction(parsed =>
        {
            var models = parsed.GetValue(model) ?? [];
            if (models.Length == 0 && parsed.GetValue(runs) is null)
                throw new UsageException("nothing to show: name a model (--model) or a folder of runs (--runs)");
            if (parsed.GetValue(runs) is { } folder && !Directory.Exists(folder))
                throw new DataException($"--runs {folder}: no such folder");
            var place = Place(parsed.GetValue(address)!, parsed.GetValue(port) ?? Port);
            var resources = CommonOptions.ReadResources(parsed.GetValue(resource));
            using var state = new PlaygroundState(
                PlaygroundModel.Load(
                    models,
                    execution.Read(parsed),
                    note => context.Error.WriteLine($"note: {note}"),
                    context.Stop.Token
                ),
                parsed.GetValue(runs),
                resources,
                PlaygroundLimits.Default,
                context.Stop.Token
            );
            Serve(context, state, place, parsed.GetValue(open)).GetAwaiter().GetResult();
            return ExitCodes.Ok;
        });
        return command;
    }

    // Ends only on a signal, with the signal's exit code.
    private static async Task Serve(CliContext context, PlaygroundState state, ListenAddress place, bool open)
    {
        await using var server = await PlaygroundServer.StartAsync(state, place);
        context.Out.WriteLine(server.Link);
        context.Out.Flush();
        if (server.Token is not null)
            context.Error.WriteLine(
                "note: other machines can reach this page with the token in the link; the connection is not encrypted"
            );
        context.Error.WriteLine("press Ctrl-C to stop");
        if (open)
            Open(context, server.Link);
        await Task.Delay(Timeout.Infinite, context.Stop.Token);
    }

    private static ListenAddress Place(string address, int port)
    {
        if (!IPAddress.TryParse(address == "localhost" ? "127.0.0.1" : address, out var ip))
            throw new UsageException($"--address {address}: expected an IP address such as 127.0.0.1 or 0.0.0.0");
        return port <= IPEndPoint.MaxPort
            ? new ListenAddress(ip, port)
            : throw new UsageException($"--port {port}: expected a port of at most {IPEndPoint.MaxPort}");
    }

    private static void Open(CliContext context, string link)
    {
        try
        {
            using var browser = Process.Start(new ProcessStartInfo(link) { UseShellExecute = true });
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            context.Error.WriteLine($"note: cannot open a browser ({e.Message})");
        }
    }
}
