# The Ruby sample of the source document; only the base URL and the credentials are read from the command line.
#
# Usage: ruby clevertap.rb BASE_URL ACCOUNT_ID PASSCODE
base_url, account_id, passcode = ARGV
abort "usage: clevertap.rb BASE_URL ACCOUNT_ID PASSCODE" unless passcode

require 'net/http'
require 'uri'
uri = URI.parse("#{base_url}/1/events.json?cursor=CURSOR_VALUE")
request = Net::HTTP::Get.new(uri)
request.content_type = "application/json"
request["X-Clevertap-Account-Id"] = account_id
request["X-Clevertap-Passcode"] = passcode
req_options = {
  use_ssl: uri.scheme == "https",
}
response = Net::HTTP.start(uri.hostname, uri.port, req_options) do |http|
  http.request(request)
end

# Below: what the sample's reader would look at (rows 2 and 9).
require 'json'
answer = JSON.parse(response.body)
abort "r2 r9: #{response.code} #{response.body}" unless response.code == "200" && answer["status"] == "success"
puts "ok   r2 r9 the Ruby sample gets #{answer.fetch("records").length} events"
