-- SPDX-License-Identifier: MIT
-- Links of a page in the tree, as links of the site: to pages, and to sources, which are copied as text. A folder has
-- no page, and stays plain text. Tables may be wider than a phone.
local folder = PANDOC_STATE.input_files[1]:match('^(.*/)') or ''

local function exists(path)
	local file = io.open(path)
	if file then
		file:close()
	end
	return file ~= nil
end

local function is_folder(path)
	local file = io.open(path)
	local folder_too = file and file:read(0) == nil and not file:read(1) and file:seek('end') ~= 0
	if file then
		file:close()
	end
	return folder_too
end

function Link(link)
	local path, anchor = link.target:match('^([^#]*)(.*)$')
	if path == '' or path:match('^%a+:') then
		return link
	end
	if is_folder(folder .. path) then
		return link.content
	end
	if path:match('README%.md$') then
		link.target = path:gsub('README%.md$', 'index.html') .. anchor
	elseif path:match('%.md$') then
		link.target = path:gsub('%.md$', '.html') .. anchor
	elseif not path:match('%.svg$') then
		link.target = path .. '.txt'
	end
	return link
end

function Table(table)
	return pandoc.Div(table, { class = 'table' })
end

-- The page's title is its heading, and its description the first paragraph.
function Pandoc(document)
	for _, block in ipairs(document.blocks) do
		if block.t == 'Header' and not document.meta.title then
			document.meta.title = pandoc.MetaString(pandoc.utils.stringify(block))
		elseif block.t == 'Para' and not document.meta.description then
			document.meta.description = pandoc.MetaString(pandoc.utils.stringify(block):sub(1, 300))
		end
	end
	return document
end
