using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RobustTickets.Cli;
using RobustTickets.Cli.Terminal;
using Xunit;

namespace RobustTickets.Playground.Tests;

public sealed class ServeCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("serve");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Serve_prints_its_link_and_ends_with_130_on_ctrl_c()
    {
        var output = new LinkWriter();
        using var error = new StringWriter();
        using var stop = StopSignal.Detached();
        var context = new CliContext(output, error, TextReader.Null, stop, TerminalInfo.None);

        var running = Task.Run(() => CliApp.Run(["serve", "--runs", _folder.FullName, "--port", "0"], context));
        var link = await output.Link.Task.WaitAsync(TimeSpan.FromSeconds(30));
        using var http = new HttpClient();
        var page = await http.GetStringAsync(link);
        stop.Raise(PosixSignal.SIGINT);

        Assert.Contains("RobustTickets", page);
        Assert.Equal(ExitCodes.Interrupted, await running.WaitAsync(TimeSpan.FromSeconds(30)));
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(link));
    }

    [Fact]
    public void A_port_that_is_taken_is_a_usage_error_that_names_the_way_out()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var (code, error) = Run("serve", "--runs", _folder.FullName, "--port", $"{port}");

        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains($"port {port} of 127.0.0.1 is in use by another program; --port picks another one", error);
    }

    [Theory]
    [InlineData("name a model (--model) or a folder of runs (--runs)", "serve")]
    [InlineData("--port 70000: expected a port of at most 65535", "serve", "--runs", ".", "--port", "70000")]
    [InlineData("expected an IP address such as", "serve", "--runs", ".", "--address", "example.org")]
    [InlineData("192.0.2.1 is not an address of this machine", "serve", "--runs", ".", "--address", "192.0.2.1")]
    [InlineData("possible: vectors, neighbours", "serve", "--runs", ".", "--resource", "words=x")]
    public void What_cannot_be_served_is_a_usage_error(string reason, params string[] args)
    {
        var (code, error) = Run(args);

        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains(reason, error);
    }

    [Fact]
    public void A_folder_of_runs_that_is_not_there_is_missing_data()
    {
        var (code, error) = Run("serve", "--runs", "does-not-exist");

        Assert.Equal(ExitCodes.Data, code);
        Assert.Contains("--runs does-not-exist: no such folder", error);
    }

    private static (int Code, string Error) Run(params string[] args)
    {
        using var error = new StringWriter();
        var code = CliApp.Run(args, TextWriter.Null, error);
        return (code, error.ToString());
    }

    private sealed class LinkWriter : StringWriter
    {
        public TaskCompletionSource<Uri> Link { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void Flush()
        {
            if (Uri.TryCreate(ToString().Trim(), UriKind.Absolute, out var link))
                Link.TrySetResult(link);
        }
    }
}
