using System.Net;
using System.Net.Sockets;

namespace RobustTickets.Testing;

/// <summary>Runs distributed ranks as threads of one process.</summary>
public static class RankThreads
{
    /// <summary>
    /// Runs a body once per rank with its index and the rendezvous port; rethrows its exceptions.
    /// </summary>
    public static void Run(int size, Action<int, int> body)
    {
        var port = FreePort();
        var failures = new List<Exception>();
        var threads = Enumerable
            .Range(0, size)
            .Select(rank => new Thread(() =>
            {
                try
                {
                    body(rank, port);
                }
                catch (Exception e)
                {
                    lock (failures)
                        failures.Add(e);
                }
            }))
            .ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        if (failures.Count > 0)
            throw new AggregateException(failures);
    }

    /// <summary>A free port.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
